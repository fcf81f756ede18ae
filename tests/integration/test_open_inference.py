"""The Open Inference Protocol: what Triton's and KServe's clients send, answered with the numbers of Explain."""

import struct

import grpc
import numpy as np
import pytest

from support.proto import open_inference_pb as oip
from support.proto import open_inference_rpc, pb

TEXTS = ("She has missed three payments.", "He paid.")


@pytest.fixture(scope="module")
def stub(client):
    return open_inference_rpc.GRPCInferenceServiceStub(client.channel)


def raw_of(texts):
    """BYTES as they lie in raw contents: each behind its length."""
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def request_of(texts=TEXTS, outputs=(), raw=True, name="text", datatype="BYTES", model="demo", version="", **parameters):
    made = oip.ModelInferRequest(model_name=model, model_version=version, id="seven")
    tensor = made.inputs.add(name=name, datatype=datatype, shape=[len(texts)])
    if raw:
        made.raw_input_contents.append(raw_of(texts))
    else:
        tensor.contents.bytes_contents.extend(text.encode() for text in texts)
    for output in outputs:
        made.outputs.add(name=output)
    for key, value in parameters.items():
        kind = {bool: "bool_param", int: "int64_param", str: "string_param"}[type(value)]
        made.parameters[key.replace("__", ".")].CopyFrom(oip.InferParameter(**{kind: value}))
    return made


def tensors_of(answer):
    """{name: array}, out of raw or typed contents."""
    numbers = {"FP32": np.float32, "INT32": np.int32, "INT64": np.int64}
    found = {}
    for index, output in enumerate(answer.outputs):
        if output.datatype == "BYTES":
            if answer.raw_output_contents:
                data, values = answer.raw_output_contents[index], []
                while data:
                    length, = struct.unpack_from("<I", data)
                    values.append(data[4:4 + length])
                    data = data[4 + length:]
            else:
                values = list(output.contents.bytes_contents)
            found[output.name] = np.array(values, dtype=object).reshape(output.shape)
        elif answer.raw_output_contents:
            found[output.name] = np.frombuffer(answer.raw_output_contents[index], numbers[output.datatype]).reshape(
                output.shape)
        else:
            field = {"FP32": "fp32_contents", "INT32": "int_contents", "INT64": "int64_contents"}[output.datatype]
            found[output.name] = np.array(getattr(output.contents, field), numbers[output.datatype]).reshape(output.shape)
    return found


def test_server_and_model_are_live_and_ready(stub):
    assert stub.ServerLive(oip.ServerLiveRequest()).live
    assert stub.ServerReady(oip.ServerReadyRequest()).ready
    assert stub.ModelReady(oip.ModelReadyRequest(name="demo")).ready
    assert stub.ServerMetadata(oip.ServerMetadataRequest()).name == "limpid"


def test_metadata_names_inputs_and_outputs(stub, client):
    listed = client.stub.ListModels(pb.ListModelsRequest()).models
    model = next(m for m in listed if m.identity.name == "demo")

    metadata = stub.ModelMetadata(oip.ModelMetadataRequest(name="demo"))

    assert metadata.name == "demo" and list(metadata.versions) == [model.identity.weights_sha256]
    assert "text" in [tensor.name for tensor in metadata.inputs]
    assert {"logits", "label", "attributions", "attention"} <= {tensor.name for tensor in metadata.outputs}


@pytest.mark.parametrize("raw", [True, False])
def test_numbers_are_those_of_explain(stub, client, raw):
    answer = stub.ModelInfer(request_of(raw=raw, method="integrated_gradients", method__steps=64))

    tensors = tensors_of(answer)
    assert answer.id == "seven" and bool(answer.raw_output_contents) == raw
    for index, text in enumerate(TEXTS):
        explained = client.explain(pb.ExplainRequest(
            model="demo", input=pb.Input(text=text),
            methods=[pb.Method(integrated_gradients=pb.IntegratedGradients(steps=64))]))
        scores = explained.scores()
        np.testing.assert_allclose(tensors["logits"][index], explained.logits, rtol=0, atol=1e-5)
        np.testing.assert_allclose(tensors["attributions"][index][:len(scores)], scores, rtol=0, atol=1e-5)
        assert not tensors["attributions"][index][len(scores):].any()


def test_only_what_is_asked_for_comes(stub):
    tensors = tensors_of(stub.ModelInfer(request_of(outputs=("label", "num_tokens", "attention"), method="saliency")))

    assert list(tensors) == ["label", "num_tokens", "attention"]
    longest = tensors["num_tokens"].max()
    maps = tensors["attention"]
    assert maps.shape[0] == 2 and maps.shape[-2:] == (longest, longest)
    np.testing.assert_allclose(maps[0].sum(-1), 1, atol=1e-5)


BAD = {
    "no such model": (dict(model="nope"), grpc.StatusCode.NOT_FOUND, "nope"),
    "another version": (dict(version="1"), grpc.StatusCode.NOT_FOUND, "version"),
    "no such input": (dict(name="x"), grpc.StatusCode.INVALID_ARGUMENT, '"x"'),
    "no such output": (dict(outputs=("x",)), grpc.StatusCode.INVALID_ARGUMENT, '"x"'),
    "no such parameter": (dict(x=1), grpc.StatusCode.INVALID_ARGUMENT, '"x"'),
    "numbers for a text": (dict(datatype="FP32"), grpc.StatusCode.INVALID_ARGUMENT, "datatype"),
    "too many steps": (dict(method="integrated_gradients", method__steps=100000), grpc.StatusCode.INVALID_ARGUMENT,
                       "steps"),
    "no such class": (dict(target="nope"), grpc.StatusCode.INVALID_ARGUMENT, "nope"),
    "scores without a method": (dict(outputs=("attributions",)), grpc.StatusCode.INVALID_ARGUMENT, "method"),
    "too many texts": (dict(texts=TEXTS * 33), grpc.StatusCode.INVALID_ARGUMENT, "64"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(stub, case):
    given, code, word = BAD[case]

    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(request_of(**given), timeout=30)

    assert caught.value.code() == code, caught.value.details()
    assert word in caught.value.details()


@pytest.mark.parametrize("contents", [b"\x05\0\0\0four", b"\x02\0\0\0\xff\xfe", b""])
def test_raw_contents_that_are_no_text_are_refused(stub, contents):
    request = request_of(TEXTS[:1])
    request.raw_input_contents[0] = contents

    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(request, timeout=30)

    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def streamed(stub, requests):
    """{id: what came for it}"""
    parts = list(stub.ModelStreamInfer(iter(requests), timeout=60))
    assert all(part.infer_response.parameters["triton_final_response"].bool_param for part in parts)
    assert len(parts) == len(requests)
    return {part.infer_response.id: part for part in parts}


def test_a_stream_answers_each_of_many_requests_like_a_call(stub):
    requests = [request_of(texts, raw=raw, method="saliency") for texts in (TEXTS, TEXTS[:1]) for raw in (True, False)]
    for number, request in enumerate(requests):
        request.id = f"number {number}"

    parts = streamed(stub, requests)

    for request in requests:
        part, alone = parts[request.id], stub.ModelInfer(request)
        assert not part.error_message and part.infer_response.model_version == alone.model_version
        given, expected = tensors_of(part.infer_response), tensors_of(alone)
        assert list(given) == list(expected)
        np.testing.assert_allclose(given["attributions"], expected["attributions"], rtol=0, atol=1e-5)


def test_what_fails_in_a_stream_harms_nothing_else(stub):
    right = request_of(method="saliency")
    wrong = [request_of(**given) for given, _, _ in BAD.values()]
    # A text of two that the model has no room for: found when the other is under way already.
    wrong.append(request_of(("He paid.", "paid " * 5000), method="saliency"))
    for number, request in enumerate(wrong):
        request.id = f"wrong {number}"

    parts = streamed(stub, [wrong[0], right, *wrong[1:]])

    assert not parts.pop("seven").error_message
    words = [*(word for _, _, word in BAD.values()), "text[1]"]
    for number, word in enumerate(words):
        part = parts[f"wrong {number}"]
        assert word in part.error_message and not part.infer_response.outputs
