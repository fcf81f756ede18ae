"""Parquet in, Parquet out, resumably: `python -m limpid.parquet letters.parquet explained --text-column body`.

The output is a folder of parts that pandas, pyarrow, DuckDB and Spark read as one table: the columns of the input, and
those that explain_frame adds. A part is there whole or not at all, so the same command again goes on behind the last
one, whatever ended the run; another input, other options or other weights are refused. In memory is one part at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from limpid.client import Client
from limpid.connection import Tls
from limpid.errors import LimpidError
from limpid.frames import explained_rows
from limpid.requests import ExplainOptions, Method

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Readers of a folder of Parquet pass over names that begin so.
STATE = "_limpid.json"


def explain_parquet(client: Client, source: str | Path, destination: str | Path, text_column: str = "text", *,
                    method: str | Method = "saliency", rows_per_part: int = 4096, prefix: str = "",
                    on_part: Callable[[int, int], None] | None = None, **options: Unpack[ExplainOptions]) -> int:
    """Explains the texts of a Parquet file into the folder `destination`, and gives the number of those that failed, of
    earlier runs too.

    prefix: of the added columns' names, where the input has one of that name.
    on_part: told the rows done and those of the input, after each part.
    Raises ValueError if the input has no such column, or the folder holds the parts of another run.
    """
    _, pq = _pyarrow()
    file = pq.ParquetFile(source)
    _check_columns(file, text_column, prefix)
    folder = Path(destination)
    _begin(folder, {"input_sha256": _sha256(source), "text_column": text_column, "method": repr(method), "prefix": prefix,
                    "options": repr(sorted(options.items())),
                    "weights_sha256": client.model(options.get("model", "")).identity.weights_sha256})
    done, failed = _parts(folder, prefix)
    for table in _tables(file, done, rows_per_part):
        rows = explained_rows(client, table.column(text_column).to_pylist(), method, options)
        _write(_with_columns(table, rows, prefix), folder / f"part-{done:012}.parquet")
        done += table.num_rows
        failed += sum(row["error"] is not None for row in rows)
        if on_part:
            on_part(done, file.metadata.num_rows)
    return failed


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError("limpid.parquet needs pyarrow: pip install 'limpid-client[parquet]'") from error
    return pa, pq


def _added(prefix: str) -> pa.Schema:
    pa, _ = _pyarrow()
    kinds = {"label": pa.string(), "probability": pa.float64(), "value": pa.float64(), "pieces": pa.list_(pa.string()),
             "scores": pa.list_(pa.float32()), "error": pa.string()}
    return pa.schema([(prefix + name, kind) for name, kind in kinds.items()])


def _check_columns(file: pq.ParquetFile, text_column: str, prefix: str) -> None:
    names = file.schema_arrow.names
    if text_column not in names:
        raise ValueError(f"there is no column {text_column!r}; there are {', '.join(names)}")
    taken = sorted(set(names) & set(_added(prefix).names))
    if taken:
        raise ValueError(f"the input has columns of these names itself: {', '.join(taken)}; give a prefix")


def _sha256(path: str | Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin(folder: Path, state: dict[str, str]) -> None:
    """Says in the folder what its parts are of, or holds that against what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STATE
    if not path.exists():
        if any(folder.iterdir()):
            raise ValueError(f"{folder} is not empty, and has no {STATE} that says what its parts are of")
        _replace(path, lambda new: new.write_text(json.dumps(state, indent=1) + "\n"))
    before = json.loads(path.read_text())
    differing = [name for name, value in state.items() if before.get(name) != value]
    if differing:
        raise ValueError(f"{folder} was begun with another {', '.join(differing)} ({path} has it)")


def _parts(folder: Path, prefix: str) -> tuple[int, int]:
    """Rows that are done, and those of them that failed."""
    _, pq = _pyarrow()
    done = failed = 0
    while (path := folder / f"part-{done:012}.parquet").exists():
        errors = pq.read_table(path, columns=[f"{prefix}error"]).column(0)
        done += len(errors)
        failed += len(errors) - errors.null_count
    return done, failed


def _tables(file: pq.ParquetFile, begin: int, rows: int) -> Iterator[pa.Table]:
    """The file's rows from `begin` on, at most so many at a time."""
    pa, _ = _pyarrow()
    for batch in file.iter_batches(batch_size=rows):
        skipped = min(begin, batch.num_rows)
        begin -= skipped
        if skipped < batch.num_rows:
            yield pa.Table.from_batches([batch.slice(skipped)])


def _with_columns(table: pa.Table, rows: list[dict[str, Any]], prefix: str) -> pa.Table:
    pa, _ = _pyarrow()
    for field in _added(prefix):
        values = [row[field.name.removeprefix(prefix)] for row in rows]
        table = table.append_column(field, pa.array(values, field.type))
    return table


def _write(table: pa.Table, path: Path) -> None:
    _, pq = _pyarrow()
    _replace(path, lambda new: pq.write_table(table, new))


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Under its name only when it is whole; readers pass over the name that it has until then."""
    new = path.with_name(f".{path.name}.new")
    write(new)
    os.replace(new, path)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m limpid.parquet", description=(__doc__ or "").split("\n\n")[1],
                                     epilog="Exit codes: 0 done, 2 the command line, the files or pyarrow, 5 the server "
                                     "(the same command again goes on), 6 some texts failed.")
    parser.add_argument("source", metavar="IN.parquet")
    parser.add_argument("destination", metavar="OUT", help="folder of parts, made or gone on with")
    parser.add_argument("--text-column", default="text", metavar="NAME")
    parser.add_argument("--prefix", default="", help="of the added columns' names")
    parser.add_argument("--rows-per-part", type=int, default=4096, metavar="N")
    parser.add_argument("--method", default="saliency", metavar="NAME")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="of the method, the value as JSON or a word: steps=50")
    parser.add_argument("--model", default="", metavar="NAME")
    parser.add_argument("--granularity", choices=["token", "word", "sentence"])
    parser.add_argument("--server", metavar="HOST:PORT", help="default: $LIMPID_SERVER, else 127.0.0.1:50051")
    parser.add_argument("--token-file", metavar="FILE", help="holds the bearer token")
    parser.add_argument("--tls-ca", metavar="FILE", help="use TLS, and trust this CA")
    return parser.parse_args(arguments)


def _value(word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        return word


def _run(arguments: argparse.Namespace) -> int:
    options: ExplainOptions = {"granularity": arguments.granularity} if arguments.granularity else {}
    method = Method(arguments.method, **{name: _value(value) for name, _, value in
                                         (option.partition("=") for option in arguments.option)})
    token = Path(arguments.token_file).read_text().strip() if arguments.token_file else None
    with Client(arguments.server, model=arguments.model, token=token,
                tls=Tls(ca_file=arguments.tls_ca) if arguments.tls_ca else False) as client:
        return explain_parquet(client, arguments.source, arguments.destination, arguments.text_column, method=method,
                               rows_per_part=arguments.rows_per_part, prefix=arguments.prefix,
                               on_part=lambda done, rows: print(f"{done} of {rows} texts", file=sys.stderr), **options)


def main(arguments: list[str] | None = None) -> int:
    try:
        failed = _run(_parse(arguments))
    except (ImportError, ValueError, OSError) as error:
        print(f"limpid.parquet: {error}", file=sys.stderr)
        return 2
    except LimpidError as error:
        print(f"limpid.parquet: {error}", file=sys.stderr)
        return 5
    if failed:
        print(f"limpid.parquet: {failed} texts failed; their column error says why", file=sys.stderr)
    return 6 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
