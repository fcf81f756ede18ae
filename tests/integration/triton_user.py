"""What Triton's client gets of a server, as JSON. A program of its own: one process cannot hold Triton's definition of the
protocol's messages beside the tests'.

    python triton_user.py HOST:PORT TEXT...
"""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc as triton

address, *texts = sys.argv[1:]
client = triton.InferenceServerClient(address)
given = triton.InferInput("text", [len(texts)], "BYTES").set_data_from_numpy(
    np.array([text.encode() for text in texts], dtype=object))
gradients = {"method": "integrated_gradients", "method.steps": 64}


def numbers(answer, *names):
    return {name: answer.as_numpy(name).tolist() for name in names}


def words(answer, name):
    return [word.decode() for word in answer.as_numpy(name)]


def awaited(**options):
    """The answer to what is asked in the background."""
    done = queue.Queue()
    client.async_infer("demo", [given], lambda result, error: done.put(error or result), **options)
    return done.get(timeout=60)


def streamed():
    """{request id: the answer's shape, or the error}: a refusal ends nothing else."""
    done, got = queue.Queue(), {}
    client.start_stream(lambda result, error: done.put(error or result))
    client.async_stream_infer("demo", [given], request_id="a", parameters=gradients, enable_empty_final_response=True)
    client.async_stream_infer("nonesuch", [given], request_id="b")
    client.async_stream_infer("demo", [given], request_id="c")
    for _ in range(3):
        part = done.get(timeout=60)
        if isinstance(part, triton.InferenceServerException):
            got["b"] = part.message()
        else:
            got[part.get_response().id] = [output.name for output in part.get_response().outputs]
            assert part.get_response().parameters["triton_final_response"].bool_param
    client.stop_stream()
    return got


def refusal(call):
    try:
        call()
    except triton.InferenceServerException as refused:
        return [refused.status(), refused.message()]


predicted = client.infer("demo", [given], request_id="seven")
explained = client.infer("demo", [given], parameters=gradients, priority=1, timeout=60_000_000)
chosen = client.infer("demo", [given], outputs=[triton.InferRequestedOutput(name) for name in ("num_tokens", "label")])
print(json.dumps({
    "live": client.is_server_live(), "ready": client.is_server_ready(), "model ready": client.is_model_ready("demo"),
    "server": client.get_server_metadata().name,
    "metadata": client.get_model_metadata("demo", as_json=True),
    "id": predicted.get_response().id,
    "labels": words(predicted, "label"),
    "predicted": numbers(predicted, "logits", "probabilities"),
    "explained": numbers(explained, "logits", "attributions"),
    "in the background": numbers(awaited(parameters=gradients), "attributions"),
    "compressed": numbers(client.infer("demo", [given], parameters=gradients, compression_algorithm="gzip"), "attributions"),
    "outputs": [output.name for output in chosen.get_response().outputs],
    "streamed": streamed(),
    "no such model": refusal(lambda: client.infer("nonesuch", [given])),
    "no such model is ready": refusal(lambda: client.is_model_ready("nonesuch")),
    "no such field": refusal(lambda: client.infer("demo", [given], parameters={**gradients, "method.step": 1})),
    "too late": refusal(lambda: client.infer("demo", [given], parameters=gradients, timeout=1)),
    "configuration": refusal(lambda: client.get_model_config("demo")),
}))
