"""`make bench-generate`: a language model's text, and why each token, beside Transformers' `generate`, Captum and Inseq.

GPT-2 of the small shape (12 layers, 768 wide, vocabulary of 50257), random weights, PROMPT_TOKENS of prompt and NEW_TOKENS
greedy tokens, each explained by gradient x input of its log-probability; by Limpid also by attention rollout, which needs
no backward pass. The contestants take turns for several rounds; ratios of medians are printed and put into
build/bench/generate.json. Limpid is asked through gRPC, one call at a time; the others run in this process on as many
threads, on one model with frozen weights and PyTorch's fused attention, neither of which is Inseq's default. All have to give
the same tokens and scores.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import inseq
import numpy as np
import torch
import transformers
from captum.attr import LayerGradientXActivation, LLMGradientAttribution, TextTokenInput
from machine import describe_with_pytorch, save
from support.client import Client
from support.paths import BUILD
from support.proto import pb
from support.server import Server
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

RESULTS = BUILD / "bench" / "generate.json"
PROMPT_TOKENS, NEW_TOKENS = 128, 64
GREEDY = {"do_sample": False, "max_new_tokens": NEW_TOKENS, "min_new_tokens": NEW_TOKENS, "pad_token_id": 0,
          "eos_token_id": None}
GRADIENT_X_INPUT = pb.Method(gradient_x_input=pb.GradientXInput())
ATTENTION_ROLLOUT = pb.Method(attention_rollout=pb.AttentionRollout())
# A wrong answer would be off by orders of magnitude.
ALLOWED = 1e-3


def make_model(folder: Path):
    """The folder, with a tokenizer of which each word is an id: Inseq reads the tokens out of the text that was made."""
    torch.manual_seed(0)
    config = GPT2Config(bos_token_id=50256, eos_token_id=50256)
    GPT2LMHeadModel(config).save_pretrained(folder)
    made = Tokenizer(models.WordLevel({str(i): i for i in range(config.vocab_size)}, unk_token="0"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.save(str(folder / "tokenizer.json"))
    return folder


class Limpid:
    def __init__(self, client, text, label, *methods):
        self.client, self.label, self.request = client, label, pb.GenerateRequest(
            input=pb.Input(text=text), max_new_tokens=NEW_TOKENS, ignore_end=True, methods=methods,
            target=pb.Target(score=pb.SCORE_LOG_PROB))

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
        made = self.model.generate(self.prompt, attention_mask=torch.ones_like(self.prompt), **GREEDY)
        self.ids = made[0, len(self.prompt[0]):].tolist()
        return {"tokens_per_second": NEW_TOKENS / (time.perf_counter() - start)}


class CaptumGradientXInput:
    """One forward and backward pass a token, as Captum does it, over tokens that are already known."""

    label = "Captum LLMGradientAttribution, gradient x input, of given tokens"

    def __init__(self, model, tokenizer, text):
        layer = LayerGradientXActivation(model, model.transformer.wte)
        self.method, self.input = LLMGradientAttribution(layer, tokenizer), TextTokenInput(text, tokenizer)
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


class Inseq:
    """Calls Transformers' `generate` itself, then runs one forward and backward pass a token."""

    label = "Inseq, gradient x input"

    def __init__(self, model, tokenizer, text):
        self.model, self.text = inseq.load_model(model, "input_x_gradient", tokenizer=tokenizer), text

    def turn(self):
        start = time.perf_counter()
        # That is "crossentropy", which fails on a batch of one, with its sign turned.
        made = self.model.attribute(self.text, attributed_fn="probability", logprob=True, show_progress=False,
                                    pretty_progress=False, generation_args=GREEDY).sequence_attributions[0]
        self.scores = [made.target_attributions[:PROMPT_TOKENS + i, i].sum(-1).numpy() for i in range(NEW_TOKENS)]
        took = time.perf_counter() - start
        self.ids = [token.id for token in made.target[PROMPT_TOKENS:]]
        return {"tokens_per_second": NEW_TOKENS / took}


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
    transformers.logging.disable_progress_bar()
    # Of each token: that what Captum is given did not ask for a gradient yet.
    warnings.filterwarnings("ignore", category=UserWarning, module="captum")
    print(describe_with_pytorch())
    ids = np.random.default_rng(1).integers(1, 50256, PROMPT_TOKENS).tolist()
    text = " ".join(map(str, ids))
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_model(Path(scratch))
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        model = GPT2LMHeadModel.from_pretrained(folder).eval().requires_grad_(False)
        with Server({"gpt2": folder}, "--log-level", "warning", "--max-request-seconds", "600") as server, Client(server.address) as client:
            generate, captum = TransformersGenerate(model, ids), CaptumGradientXInput(model, tokenizer, text)
            contestants = {
                "limpid": Limpid(client, text, "Limpid"),
                "limpid_attended": Limpid(client, text, "Limpid, attention rollout of each token", ATTENTION_ROLLOUT),
                "limpid_explained": Limpid(client, text, "Limpid, gradient x input of each token", GRADIENT_X_INPUT),
                "transformers": generate, "captum": GeneratedAndExplained(generate, captum),
                "inseq": Inseq(model, tokenizer, text)}
            figures = run_rounds(contestants, rounds)
            check(contestants, captum)
    report(contestants, {name: {figure: statistics.median(values) for figure, values in of.items()}
                         for name, of in figures.items()})


def check(contestants, captum):
    for name in contestants.keys() - {"captum"}:
        assert contestants[name].ids == contestants["limpid"].ids, f"{name} made other tokens"
    for others in (captum, contestants["inseq"]):
        for ours, theirs in zip(contestants["limpid_explained"].scores, others.scores, strict=True):
            # Captum explains by the prompt alone.
            off = np.abs(ours[:len(theirs)] - theirs).max() / np.abs(theirs).max()
            assert off < ALLOWED, f"{others.label}: scores {off:.1e} off"


def report(contestants, medians):
    for name, of in medians.items():
        print(f"  {contestants[name].label:<58}", "; ".join(f"{value:.1f} {figure}" for figure, value in of.items()))
    plain, explained, attended = (medians[name] for name in ("limpid", "limpid_explained", "limpid_attended"))
    ratios = {
        "generate_vs_transformers": plain["tokens_per_second"] / medians["transformers"]["tokens_per_second"],
        "explained_vs_captum": explained["tokens_per_second"] / medians["captum"]["tokens_per_second"],
        "explained_vs_inseq": explained["tokens_per_second"] / medians["inseq"]["tokens_per_second"],
        "first_explained_vs_first_token": explained["first_explained_ms"] / plain["first_token_ms"],
        "first_attended_vs_first_token": attended["first_explained_ms"] / plain["first_token_ms"],
    }
    for name, ratio in ratios.items():
        print(f"  {name:<40} {ratio:.2f}")
    save(RESULTS, ratios, machine=describe_with_pytorch())


if __name__ == "__main__":
    main()
