"""The models of the comparison."""

import os
import shutil
import tempfile
from pathlib import Path

import torch
import transformers

from support.paths import minilm

CACHE = Path(os.environ.get("LIMPID_CACHE") or Path.home() / ".cache" / "limpid")


def bert_base() -> Path:
    """BERT-base's shape with random weights, which cost what trained ones do; made once, 440 MB. The norms' weights are
    random too: with ones and zeros every norm's output has mean 0, and so has F, whose gradient would be rounding."""
    folder = CACHE / "bert-base-random"
    if not folder.exists():
        torch.manual_seed(1)
        CACHE.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=CACHE, prefix="making-"))
        model = transformers.BertModel(transformers.BertConfig())
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                torch.nn.init.normal_(module.weight, 1, 0.1)
                torch.nn.init.normal_(module.bias, 0, 0.1)
        model.save_pretrained(scratch)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
            shutil.copy(minilm() / name, scratch)
        scratch.chmod(0o755)
        scratch.rename(folder)
    return folder


FOLDERS = {"minilm": minilm, "bert_base": bert_base}
NAMES = {"minilm": "all-MiniLM-L6-v2", "bert_base": "BERT-base's shape, random weights"}
