"""A stranger's client: written from proto/ and the README alone, with grpcio, grpcio-tools, googleapis-common-protos
and nothing of this repo.

    python stranger.py PROTO_FOLDER HOST:PORT TEXT
"""

import importlib
import subprocess
import sys
import tempfile

import grpc

proto, address, text = sys.argv[1:]

generated = tempfile.mkdtemp()
subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{proto}", f"--python_out={generated}",
                f"--grpc_python_out={generated}", "limpid/v1/explain.proto", "limpid/v1/model.proto"], check=True)
sys.path.insert(0, generated)
pb = importlib.import_module("limpid.v1.explain_pb2")
explainer = importlib.import_module("limpid.v1.explain_pb2_grpc").ExplainerStub(grpc.insecure_channel(address))

request = pb.ExplainRequest(
    input=pb.Input(text=text),
    methods=[pb.Method(gradient_weighted_attention=pb.GradientWeightedAttention())],
    granularity=pb.GRANULARITY_WORD)

original = text.encode()
for part in explainer.Explain(request, timeout=30):
    if part.HasField("prediction"):
        classes = part.prediction.classes
        print("prediction:", classes.labels[classes.predicted_index], f"{max(classes.probabilities):.3f}")
    if part.HasField("attribution"):
        scored = sorted(zip(part.attribution.scores, part.attribution.units), key=lambda pair: -pair[0])
        words = [original[unit.begin_byte:unit.end_byte].decode() for _, unit in scored if not unit.is_special]
        print("because of:", ", ".join(words[:3]))
    if part.HasField("summary"):
        print("tokens:", part.summary.tokens)
