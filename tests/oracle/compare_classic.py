"""Compares `limpid explain` with the classic script, corrected, on all-MiniLM-L6-v2.

    build/python/bin/python tests/oracle/compare_classic.py ["TEXT"] [--server HOST:PORT] [--model NAME]

Without --server it starts one itself. Prints every difference beside what is allowed (tolerances.py); exit code 1 if
one is larger.

The classic script asks for `outputs.attentions` and calls `outputs[0].mean().backward()`. What is corrected: eager
attention (the default gives no maps), evaluation mode, frozen weights, and a derivative toward the word embeddings
(token ids have none).
"""

import argparse
import contextlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import tolerances  # noqa: E402
from support.cli import limpid  # noqa: E402
from support.paths import minilm  # noqa: E402
from support.server import Server  # noqa: E402

TEXT = "Hello, my dog is cute"


@dataclass
class Classic:
    tokens: list
    mean: float
    mean_scale: float  # a mean of numbers of both signs cancels
    saliency: np.ndarray  # [T]
    attention: np.ndarray  # [L, H, T, T]


def classic(text, dtype) -> Classic:
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm())
    model = transformers.AutoModel.from_pretrained(minilm(), attn_implementation="eager", dtype=dtype)
    model.eval().requires_grad_(False)
    inputs = tokenizer(text, return_tensors="pt")
    embeddings = model.get_input_embeddings()(inputs.input_ids).requires_grad_()
    outputs = model(inputs_embeds=embeddings, attention_mask=inputs.attention_mask, output_attentions=True)
    outputs[0].mean().backward()
    return Classic(
        tokens=tokenizer.convert_ids_to_tokens(inputs.input_ids[0]), mean=outputs[0].mean().item(),
        mean_scale=outputs[0].abs().mean().item(), saliency=embeddings.grad[0].norm(dim=-1).numpy(),
        attention=torch.cat(outputs.attentions).detach().numpy())


def explain(text, server, model) -> Classic:
    """The same through the command a user types."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answer.npz")
        done = limpid("explain", text, "--target", "mean", "--method", "saliency", "--attention", "all", "--npz", path,
                      "--model", model, "--server", server)
        if done.returncode != 0:
            sys.exit(done.stderr)
        with np.load(path) as arrays:
            layers = sum(name.removeprefix("attention.").isdigit() for name in arrays)
            return Classic(
                tokens=list(arrays["tokens"]), mean=json.loads(str(arrays["info"][0]))["target"]["value"],
                mean_scale=1.0, saliency=arrays["scores.0.saliency"],
                attention=np.stack([arrays[f"attention.{layer}"] for layer in range(layers)]))


def compare(got: Classic, single: Classic, double: Classic):
    """[(quantity, difference, floor, allowed)], the floor being how far PyTorch's fp32 is from its fp64."""
    def rows(name, take, scale, allowed):
        floor = np.abs(take(single) - take(double)).max() / scale
        return name, np.abs(take(got) - take(single)).max() / scale, floor, allowed(floor)

    return [
        rows("mean of the output (relative)", lambda c: np.array(c.mean), double.mean_scale,
             lambda _: tolerances.TARGET_VALUE),
        rows("attention (absolute)", lambda c: c.attention, 1.0, tolerances.attention),
        rows("saliency (relative)", lambda c: c.saliency, double.saliency.max(), tolerances.gradient),
    ]


def run(text, server, model):
    """(agrees, lines of the table)"""
    single, double = classic(text, torch.float32), classic(text, torch.float64)
    got = explain(text, server, model)
    if got.tokens != single.tokens:
        return False, [f"tokens differ: {got.tokens}", f"   Transformers': {single.tokens}"]
    found = compare(got, single, double)
    lines = [f"{'quantity':<32} {'difference':>10} {'floor':>10} {'allowed':>10}"]
    lines += [f"{name:<32} {difference:>10.1e} {floor:>10.1e} {allowed:>10.1e}  "
              f"{'ok' if difference <= allowed else 'TOO LARGE'}"
              for name, difference, floor, allowed in found]
    return all(difference <= allowed for _, difference, _, allowed in found), lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", default=TEXT)
    parser.add_argument("--server", help="HOST:PORT of a server that has the model (default: start one)")
    parser.add_argument("--model", default="minilm", help="the model's name there")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    with contextlib.ExitStack() as stack:
        server = options.server or stack.enter_context(Server({options.model: minilm()})).address
        agrees, lines = run(options.text, server, options.model)
    print(f"limpid explain {options.text!r} --target mean --method saliency --attention all")
    print("against Transformers + autograd, all-MiniLM-L6-v2\n")
    print("\n".join(lines))
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
