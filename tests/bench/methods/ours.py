"""The same through Limpid's server, callers side by side."""

from concurrent.futures import ThreadPoolExecutor

import rivals
from support.client import Client
from support.proto import pb
from support.server import Server

CALLERS = 16


def integrated_gradients(tolerance):
    baseline = pb.Baseline(token=pb.BASELINE_TOKEN_PAD)
    return pb.Method(integrated_gradients=pb.IntegratedGradients(baselines=[baseline], tolerance=tolerance))


def _by_token(kind, replacement=pb.REPLACEMENT_MASK, **options):
    return kind(unit=pb.GRANULARITY_TOKEN, replacement=replacement, **options)


IG_1E3, IG_1E2 = integrated_gradients(1e-3), integrated_gradients(1e-2)
SEQUENTIAL = pb.Method(sequential_integrated_gradients=pb.SequentialIntegratedGradients(baseline=pb.REPLACEMENT_MASK))
OCCLUSION = pb.Method(occlusion=_by_token(pb.Occlusion))
KERNEL_SHAP = pb.Method(kernel_shap=_by_token(pb.KernelShap, samples=rivals.SHAP_SAMPLES))
KERNEL_SHAP_OF_VISIBLE = pb.Method(kernel_shap=_by_token(pb.KernelShap, pb.REPLACEMENT_ATTENTION,
                                                         samples=rivals.SHAP_SAMPLES))
PARTITION_SHAP = pb.Method(partition_shap=_by_token(pb.PartitionShap, max_evaluations=rivals.SHAP_SAMPLES))
GRADIENT_X_INPUT = pb.Method(gradient_x_input=pb.GradientXInput())


def request(text, method, quality=None):
    return pb.ExplainRequest(input=pb.Input(text=text), methods=[method], quality=quality,
                             target=pb.Target(similarity=pb.Similarity(text=rivals.OTHER_TEXT)))


class Limpid:
    """The server with MiniLM. `explainer(method)` is a contestant."""

    def __init__(self, folder):
        self.server = Server({"minilm": folder}, "--log-level", "warning", "--max-queue-seconds", "600",
                             "--max-queue-tokens", "100000000")

    def __enter__(self):
        self.server.__enter__()
        self.client = Client(self.server.address)
        self.callers = ThreadPoolExecutor(CALLERS)
        return self

    def __exit__(self, *error):
        self.callers.shutdown()
        self.client.__exit__(*error)
        self.server.__exit__(*error)

    def explainer(self, method, quality=None):
        return Explainer(self, method, quality)


class Explainer:
    def __init__(self, limpid, method, quality):
        self.limpid, self.method, self.quality = limpid, method, quality
        self.name = f"Limpid {method.WhichOneof('method')}, {CALLERS} callers"

    def __call__(self, texts):
        list(self.limpid.callers.map(self.explain, texts))

    def explain(self, text):
        return self.limpid.client.explain(request(text, self.method, self.quality), timeout=600)

    def scores(self, text):
        """[T - 2] of the tokens that are not special."""
        answer = self.explain(text)
        units = answer.attributions[-1].units
        return [score for score, unit in zip(answer.scores(-1), units, strict=True) if not unit.is_special]
