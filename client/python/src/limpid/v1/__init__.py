"""The contract's messages (proto/limpid/v1), for those who need more than `limpid.Client` gives."""
