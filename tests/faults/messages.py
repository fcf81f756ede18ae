"""The requests that the fault tests and the soak send."""

from support.proto import pb
from support.texts import LONG

TEXT = "She has missed three payments and defaulted on a car loan."
METHODS = [pb.Method(saliency=pb.Saliency()), pb.Method(attention_rollout=pb.AttentionRollout()),
           pb.Method(gradient_x_input=pb.GradientXInput()), pb.Method(head_importance=pb.HeadImportance())]


def explain(text=TEXT, model="demo", **fields):
    content = pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)
    return pb.ExplainRequest(model=model, input=content, **({"methods": METHODS[:1]} | fields))


def long(model="minilm"):
    """The longest text, all methods: about as much work as one request can be."""
    return explain(LONG, model, methods=METHODS)


def large(model="minilm"):
    """75 MB of attention maps, more than any flow-control window holds."""
    return explain(LONG, model, attention=pb.AttentionSelection())


def predict(text=TEXT, model="demo"):
    return pb.PredictRequest(model=model, input=pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST))


def tokenize(text=TEXT, model="demo"):
    return pb.TokenizeRequest(model=model, input=pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST))
