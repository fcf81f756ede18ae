"""Methods of more than one row, each with its request and its reference: scores of all tokens as a function of the text."""

from dataclasses import dataclass
from typing import Callable

import torch

from oracle import coalitions, path_integrals
from support.proto import pb

REPLACEMENTS = {"mask": pb.REPLACEMENT_MASK, "pad": pb.REPLACEMENT_PAD, "unk": pb.REPLACEMENT_UNKNOWN,
                "delete": pb.REPLACEMENT_DELETE}
UNITS = {"token": (pb.GRANULARITY_TOKEN, coalitions.token_units), "word": (pb.GRANULARITY_WORD, coalitions.word_units)}


@dataclass(frozen=True)
class TextMethod:
    name: str
    request: pb.Method
    reference: Callable  # of a Scalar: [T]


def sequential(kind):
    method = pb.SequentialIntegratedGradients(baseline=REPLACEMENTS[kind])
    return TextMethod(f"sequential_integrated_gradients {kind}", pb.Method(sequential_integrated_gradients=method),
                      lambda scalar: path_integrals.sequential_by_leaving_out(
                          scalar, path_integrals.baseline(scalar, kind)))


def occlusion(unit, replacement):
    granularity, units_of = UNITS[unit]

    def reference(scalar):
        units = units_of(scalar)
        whole = torch.zeros(len(scalar.ids), dtype=torch.float64)
        for members, score in zip(units, coalitions.occlusion(coalitions.Game(scalar, units, replacement)), strict=True):
            whole[members] = float(score) / len(members)
        return whole

    return TextMethod(f"occlusion {unit} {replacement}",
                      pb.Method(occlusion=pb.Occlusion(unit=granularity, replacement=REPLACEMENTS[replacement])), reference)


ALL = [sequential("mask"), sequential("unk"),
       *(occlusion(unit, kind) for unit in UNITS for kind in ("mask", "pad", "unk", "delete"))]
