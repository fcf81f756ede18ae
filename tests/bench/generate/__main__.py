"""`make bench-generate`: a language model's text, and why each token, beside Transformers' `generate` and Captum.

GPT-2 of the small shape (12 layers, 768 wide, vocabulary of 50257), random weights, PROMPT_TOKENS of prompt and NEW_TOKENS
greedy tokens, each explained by gradient x input of its log-probability. The contestants take turns for several rounds;
ratios of medians are printed and put into build/bench/generate.json. Limpid is asked through gRPC, one call at a time; the
others run in this process, weights frozen, on as many threads. All have to give the same tokens and scores.
"""

import argparse
import statistics
import string
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
import torch
import transformers
from captum.attr import LayerGradientXActivation, LLMGradientAttribution, TextTokenInput
from machine import describe_with_pytorch, save
from support.client import Client
from support.paths import BUILD
from support.proto import pb
from support.server import Server
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

RESULTS = BUILD / "bench" / "generate.json"
PROMPT_TOKENS, NEW_TOKENS = 128, 64
# A wrong answer would be off by orders of magnitude.
ALLOWED = 1e-3


def make_model(folder: Path):
    """The folder, with a tokenizer that has a name for each id."""
    torch.manual_seed(0)
    config = GPT2Config(bos_token_id=50256, eos_token_id=50256)
    GPT2LMHeadModel(config).save_pretrained(folder)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*letters, *(f"t{i}" for i in range(config.vocab_size - len(letters)))]
    made = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.save(str(folder / "tokenizer.json"))
    return folder


class Limpid:
    def __init__(self, client, text, methods=()):
        self.client, self.request = client, pb.GenerateRequest(
            input=pb.Input(text=text), max_new_tokens=NEW_TOKENS, ignore_end=True, methods=methods,
            target=pb.Target(score=pb.SCORE_LOG_PROB))
        self.label = "Limpid, gradient x input of each token" if methods else "Limpid"

    def turn(self):
        start, first = time.perf_counter(), {}
        self.ids, self.scores = [], []
        for part in self.client.stub.Generate(self.request, timeout=600):
            kind = part.WhichOneof("part")
            first.setdefault(kind, time.perf_counter() - start)
            if kind == "token":
                self.ids.append(part.token.token.id)
            elif kind == "attribution":
                self.scores.append(np.array(part.attribution.scores))
        return {"tokens_per_second": NEW_TOKENS / (time.perf_counter() - start), "first_token_ms": 1e3 * first["token"],
                **({"first_explained_ms": 1e3 * first["attribution"]} if self.scores else {})}


class TransformersGenerate:
    label = "Transformers generate, key/value cache, SDPA"

    def __init__(self, model, prompt):
        self.model, self.prompt = model, torch.tensor([prompt])

    def turn(self):
        start = time.perf_counter()
        made = self.model.generate(self.prompt, do_sample=False, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS,
                                   attention_mask=torch.ones_like(self.prompt), pad_token_id=0, eos_token_id=None)
        self.ids = made[0, len(self.prompt[0]):].tolist()
        return {"tokens_per_second": NEW_TOKENS / (time.perf_counter() - start)}


class CaptumGradientXInput:
    """One forward and backward pass a token, as Captum does it, over tokens that are already known."""

    label = "Captum LLMGradientAttribution, gradient x input, of given tokens"

    def __init__(self, model, folder, text):
        made = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        layer = LayerGradientXActivation(model, model.transformer.wte)
        self.method, self.input = LLMGradientAttribution(layer, made), TextTokenInput(text, made)
        self.target = None

    def turn(self):
        start = time.perf_counter()
        made = self.method.attribute(self.input, target=self.target)
        self.scores = made.token_attr.numpy()
        return {"tokens_per_second": NEW_TOKENS / (time.perf_counter() - start)}


class GeneratedAndExplained:
    """Transformers generates, then Captum explains: what one gets from them."""

    label = "Transformers generate, then Captum LLMGradientAttribution"

    def __init__(self, generate, captum):
        self.generate, self.captum = generate, captum

    def turn(self):
        start = time.perf_counter()
        self.generate.turn()
        self.captum.target = torch.tensor(self.generate.ids)
        self.captum.turn()
        return {"tokens_per_second": NEW_TOKENS / (time.perf_counter() - start)}


def run_rounds(contestants, rounds):
    figures = {name: {} for name in contestants}
    for name, contestant in contestants.items():
        contestant.turn()
    for _ in range(rounds):
        for name, contestant in contestants.items():
            for figure, value in contestant.turn().items():
                figures[name].setdefault(figure, []).append(value)
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    transformers.logging.set_verbosity_error()
    print(describe_with_pytorch())
    text = "".join(np.random.default_rng(1).choice(list(string.ascii_letters), PROMPT_TOKENS))
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_model(Path(scratch))
        ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
        model = GPT2LMHeadModel.from_pretrained(folder).eval().requires_grad_(False)
        with Server({"gpt2": folder}, "--log-level", "warning", "--max-request-seconds", "600") as server, Client(server.address) as client:
            generate, captum = TransformersGenerate(model, ids), CaptumGradientXInput(model, folder, text)
            contestants = {"limpid": Limpid(client, text),
                           "limpid_explained": Limpid(client, text, [pb.Method(gradient_x_input=pb.GradientXInput())]),
                           "transformers": generate, "captum": GeneratedAndExplained(generate, captum)}
            figures = run_rounds(contestants, rounds)
            check(contestants, captum)
    report(contestants, {name: {figure: statistics.median(values) for figure, values in of.items()}
                         for name, of in figures.items()})


def check(contestants, captum):
    explained = contestants["limpid_explained"]
    assert contestants["limpid"].ids == explained.ids == contestants["transformers"].ids
    for ours, theirs in zip(explained.scores, captum.scores, strict=True):
        off = np.abs(ours[:PROMPT_TOKENS] - theirs).max() / np.abs(theirs).max()
        assert off < ALLOWED, f"scores {off:.1e} off"


def report(contestants, medians):
    for name, of in medians.items():
        print(f"  {contestants[name].label:<58}", "; ".join(f"{value:.1f} {figure}" for figure, value in of.items()))
    plain, explained = medians["limpid"], medians["limpid_explained"]
    ratios = {
        "generate_vs_transformers": plain["tokens_per_second"] / medians["transformers"]["tokens_per_second"],
        "explained_vs_captum": explained["tokens_per_second"] / medians["captum"]["tokens_per_second"],
        "first_explained_vs_first_token": explained["first_explained_ms"] / plain["first_token_ms"],
    }
    for name, ratio in ratios.items():
        print(f"  {name:<40} {ratio:.2f}")
    save(RESULTS, ratios, machine=describe_with_pytorch())


if __name__ == "__main__":
    main()
