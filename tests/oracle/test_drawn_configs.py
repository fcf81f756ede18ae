"""A folder of any configuration either agrees with Transformers or is refused with a message that names what is not supported.

Drawn at random, the same ones each time; --configurations asks for more.
"""

import json
from collections import Counter

import grpc
import numpy as np
import pytest

from integration.test_admin import Admin
from oracle.drawn_configs import draw, make_drawn
from oracle.reference import WORD, Reference
from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server, free_port

TEXT = "the loan was declined for late payments in spring"
# Of the largest logit or score; a wrong layer or flag is off by orders of magnitude.
ALLOWED = 2e-4


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(root of the models, client, admin) of a server that loads whatever is put under the root."""
    root, port = tmp_path_factory.mktemp("drawn"), free_port()
    with Server({"demo": DEMO}, "--admin-listen", f"127.0.0.1:{port}", "--admin-model-root", root) as server, \
            Client(server.address) as client:
        admin = Admin(f"127.0.0.1:{port}")
        yield root, client, admin
        admin.channel.close()


def target_of(architecture):
    if architecture.endswith("ForQuestionAnswering"):
        return pb.Target(answer=pb.Answer(begin_token=1, end_token=3))
    has_position = architecture.endswith(("ForMaskedLM", "ForCausalLM", "LMHeadModel", "ForTokenClassification"))
    return pb.Target(position=2) if has_position else pb.Target()


def differences(client, name, folder, architecture):
    """[of the prediction, of the saliency], each relative to the largest value or to fp32's own rounding."""
    import torch
    target = target_of(architecture)
    answer = client.explain(pb.ExplainRequest(model=name, input=pb.Input(text=TEXT), target=target,
                                              methods=[pb.Method(saliency=pb.Saliency())]))
    ids = list(answer.ids)
    types = [0] * len(ids)
    single, double = (Reference(folder, dtype).run(ids, types, target) for dtype in (torch.float32, torch.float64))
    if single.logits is None:
        got, want, exact = answer.embedding, single.embedding, double.embedding
    elif answer.prediction.HasField("answer"):
        said = answer.prediction.answer
        got, want, exact = np.stack([said.begin_logits, said.end_logits], -1), single.logits, double.logits
    else:
        of = list(answer.prediction.classes.indices) or slice(None)
        got, want, exact = answer.logits, single.logits[of], double.logits[of]
    pairs = [(got, want, exact), (answer.scores(0), single.saliency(WORD), double.saliency(WORD))]
    found = []
    for got, want, exact in pairs:
        scale = np.abs(exact).max() or 1.0
        floor = np.abs(want - exact).max() / scale
        found.append(np.abs(got - exact).max() / scale / max(1.0, floor / 1e-5))
    return found


def test_a_drawn_configuration_runs_rightly_or_is_refused_by_name(place, request):
    root, client, admin = place
    seen, worst = Counter(), 0.0
    for seed in range(request.config.getoption("configurations")):
        drawn, folder = draw(seed), root / f"m{seed}"
        if not make_drawn(drawn, seed, folder):
            seen["not made by Transformers"] += 1
            continue
        config = json.loads((folder / "config.json").read_text())
        architecture = config["architectures"][0]
        try:
            admin.load(f"m{seed}", folder)
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT), f"{drawn}: {error}"
            named = [key for key in (*config, "architecture", "rope_type") if key in error.details()]
            assert named, f"{drawn}: the refusal names no field: {error.details()}"
            seen[f"refused for {', '.join(named)}"] += 1
            continue
        found = differences(client, f"m{seed}", folder, architecture)
        assert max(found) < ALLOWED, f"{drawn}, {architecture}: prediction and saliency differ by {found}"
        worst = max(worst, *found)
        seen["run"] += 1
        admin.unload(f"m{seed}")
    print("\n" + "\n".join(f"{count:4} {what}" for what, count in seen.most_common()) + f"\nlargest difference {worst:.1e}")
    assert seen["run"] >= seen.total() / 2
