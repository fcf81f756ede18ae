"""The demo model as other folders hold it: in shards, and as Hugging Face's cache lays a model out."""

import json
import shutil

import grpc
import pytest
from safetensors.numpy import load_file, save_file

from integration.test_admin import administered
from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server, run_to_end

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def split(folder):
    """Every other tensor goes into the second of two shards."""
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    shard_of = {name: shards[number % 2] for number, name in enumerate(sorted(weights))}
    for shard in shards:
        save_file({name: weights[name] for name in shard_of if shard_of[name] == shard}, folder / shard)
    total = sum(array.nbytes for array in weights.values())
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": shard_of}))


def lay_out_as_cache(folder, cache):
    """Files are blobs, and links to them in the snapshot that refs/main names."""
    snapshot = cache / "snapshots" / COMMIT
    for made in (snapshot, cache / "blobs", cache / "refs"):
        made.mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for number, file in enumerate(sorted(folder.iterdir())):
        shutil.move(file, cache / "blobs" / f"blob{number}")
        (snapshot / file.name).symlink_to(f"../../blobs/blob{number}")
    return snapshot


@pytest.fixture
def hub(tmp_path):
    """A folder below which lies the sharded demo model as models--limpid--credit."""
    shutil.copytree(DEMO, tmp_path / "sharded")
    split(tmp_path / "sharded")
    lay_out_as_cache(tmp_path / "sharded", tmp_path / "hub" / "models--limpid--credit")
    return tmp_path / "hub"


def predict(client, model):
    request = pb.PredictRequest(model=model, input=pb.Input(text="She has missed three payments."))
    return client.stub.Predict(request, timeout=60).prediction


@pytest.mark.parametrize("weights", ["read", "mapped"])
def test_shards_in_a_cache_are_the_model(hub, weights):
    cached = hub / "models--limpid--credit"
    models = {"demo": DEMO, "cached": cached, "snapshot": cached / "snapshots" / COMMIT}

    with Server(models, "--weights", weights) as server, Client(server.address) as client:
        assert predict(client, "cached") == predict(client, "demo")
        assert predict(client, "snapshot") == predict(client, "demo")


def test_administrators_load_from_a_cache_whose_links_stay_below_the_root(hub, tmp_path):
    shutil.copytree(DEMO, hub / "a")
    with administered(hub) as (_, client, admin):
        admin.load("cached", "models--limpid--credit")
        assert predict(client, "cached") == predict(client, "demo")

        (tmp_path / "outside").write_text("{}")
        link = hub / "models--limpid--credit" / "snapshots" / COMMIT / "tokenizer.json"
        link.unlink()
        link.symlink_to(tmp_path / "outside")
        with pytest.raises(grpc.RpcError) as caught:
            admin.reload("cached", "models--limpid--credit")
        assert "--admin-model-root" in caught.value.details()


def test_a_cache_without_the_snapshot_it_names_is_refused(hub):
    (hub / "models--limpid--credit" / "refs" / "main").write_text("fedcba")

    code, output = run_to_end({"cached": hub / "models--limpid--credit"})

    assert code == 1 and "refs/main: names no folder of snapshots/" in output.splitlines()[-1], output


def test_a_shard_that_lacks_a_tensor_is_named(tmp_path):
    folder = tmp_path / "sharded"
    shutil.copytree(DEMO, folder)
    split(folder)
    index = json.loads((folder / INDEX).read_text())
    shards = sorted(set(index["weight_map"].values()))
    index["weight_map"]["classifier.bias"] = shards[index["weight_map"]["classifier.bias"] == shards[0]]
    (folder / INDEX).write_text(json.dumps(index))

    code, output = run_to_end({"sharded": folder})

    assert code == 1 and "'classifier.bias' is not in" in output.splitlines()[-1], output
