"""The contestants, each made when a contest first needs it."""

from contextlib import ExitStack, closing
from functools import cache

import others
import ours
import starts
import torch
from models import FOLDERS
from torchserve.contestant import TorchServe

MAKERS = {
    "limpid": lambda cast, model: ours.Limpid(cast.server(), model),
    "limpid_predicts": lambda cast, model: ours.LimpidPredicts(cast.server(), model),
    "limpid_alone": lambda cast, model: ours.LimpidAlone(cast.server(), model),
    "engine": lambda cast, model: cast.until_end(ours.Engine(cast.folders[model], torch.get_num_threads())),
    "matrix_product": lambda cast, model: ours.MatrixProduct(cast.contestant("engine", model)),
    "captum": lambda cast, model: others.CaptumOneByOne(cast.folders[model]),
    "pytorch_explain": lambda cast, model: others.PyTorchExplain(cast.folders[model]),
    "pytorch_best_explain": lambda cast, model: others.BestBatches(cast.contestant("pytorch_explain", model)),
    "pytorch_forward": lambda cast, model: others.PyTorchForward(cast.folders[model]),
    "pytorch_best_forward": lambda cast, model: others.BestBatches(cast.contestant("pytorch_forward", model)),
    "fresh_server": lambda cast, model: starts.FreshServer(cast.folders[model]),
    "mapped_pair": lambda cast, model: starts.MappedPair(cast.folders[model]),
    "torchserve": lambda cast, model: cast.until_end(TorchServe(cast.folders[model])),
    "transformers_alone": lambda cast, model: others.TransformersAlone(cast.folders[model]),
}


class Cast(ExitStack):
    """`with Cast(models) as cast:` ends at its end what contestants started. The server gets all `models`."""

    def __init__(self, models):
        super().__init__()
        self.folders = {model: str(FOLDERS[model]()) for model in models}
        self.contestant = cache(lambda name, model: MAKERS[name](self, model))
        self.server = cache(lambda: self.until_end(ours.LimpidServer(self.folders)))

    def until_end(self, made):
        return self.enter_context(closing(made))
