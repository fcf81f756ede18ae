"""The target F of one text as a function of many rows: other ids, other embeddings, keys that nobody attends to.

The classes are those of the text itself, whatever a row predicts. A row is never padded.
"""

import contextlib
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from oracle.reference import OUTPUT, SUM, WORD, embedding_norm, layers_of, on_call
from support.proto import pb

ROWS_AT_ONCE = 32
# As BERT and as RoBERTa spell them.
NAMES = {"mask": ("[MASK]", "<mask>"), "pad": ("[PAD]", "<pad>"), "unk": ("[UNK]", "<unk>")}
MARKS = ("[CLS]", "[SEP]", "<s>", "</s>", "<|endoftext|>")


@dataclass(frozen=True)
class Layer:
    """A place as the attach points are: the hidden states that layer `index` reads; those of no layer are the last."""

    index: int


class Scalar:
    def __init__(self, reference, ids, type_ids, target=None, other_ids=None):
        self.reference, self.bert = reference, reference.bert
        self.ids, self.type_ids = torch.tensor(ids), torch.tensor(type_ids)
        self.other = None if other_ids is None else reference.embed(other_ids)
        self.tokenizer = Tokenizer.from_file(str(reference.folder / "tokenizer.json"))
        marks = map(self.tokenizer.token_to_id, MARKS)
        self.special = torch.isin(self.ids, torch.tensor([mark for mark in marks if mark is not None]))
        self.target = pb.Target() if target is None else target
        self.target = self._frozen(self.target)

    def _frozen(self, target):
        output = self.reference.forward(self.type_ids[None], self.ids[None])[0]
        _, chosen, foil = self.reference.scalar(output, target, self.other)
        if foil >= 0:
            classes = pb.Contrast(target=pb.Class(index=chosen), foil=pb.Class(index=foil))
            return pb.Target(score=target.score, contrast=classes)
        return target if chosen < 0 else pb.Target(score=target.score, **{"class": pb.Class(index=chosen)})

    def probability(self):
        """The same text's probability of the class; F itself where there is none."""
        made = object.__new__(Scalar)
        made.__dict__.update(self.__dict__)
        kind = self.target.WhichOneof("kind")
        if kind in ("class", "contrast"):
            chosen = getattr(self.target, "class") if kind == "class" else self.target.contrast.target
            made.target = pb.Target(score=pb.SCORE_PROB, **{"class": chosen})
        return made

    def token(self, name):
        """Id of mask, pad or unk."""
        ids = map(self.tokenizer.token_to_id, NAMES[name])
        return next(found for found in ids if found is not None)

    def run(self, ids=None, place=None, x=None, keys=None, type_ids=None):
        """F of each row [N]: `ids` [N, T] (default the text's), with `x` [N, T, d] put at `place`, or `keys` [N, T],
        the attention mask: what it hides is attended to by no token and is in no mean of outputs."""
        rows = len(x) if ids is None else len(ids)
        ids = self.ids.expand(rows, -1) if ids is None else ids
        types = (self.type_ids if type_ids is None else type_ids).expand(rows, -1)
        with contextlib.ExitStack() as stack:
            if x is not None:
                stack.enter_context(self._replaced(place, x))
            output = self.reference.forward(types, ids, attention_mask=keys)[0]
        if keys is not None and output.dim() == 3:  # hidden states; a classifier's are logits
            output = [row[seen.bool()] for row, seen in zip(output, keys, strict=True)]
        values = [self.reference.scalar(row[None], self.target, self.other)[0] for row in output]
        return torch.stack(values)

    @torch.no_grad()
    def values(self, ids=None, place=None, x=None, keys=None, type_ids=None):
        """`run`, some rows at a time."""
        rows = len(x) if ids is None else len(ids)
        some = [slice(i, i + ROWS_AT_ONCE) for i in range(0, rows, ROWS_AT_ONCE)]
        cut = lambda tensor, part: None if tensor is None else tensor[part]
        return torch.cat([self.run(cut(ids, part), place, cut(x, part), cut(keys, part), type_ids) for part in some])

    @torch.no_grad()
    def at(self, place, ids=None, word=None):
        """The tensor at a place [T, d], of the text, of other ids [T], or with other word embeddings [T, d]."""
        module, reads, call = self._spot(place)
        caught = []
        with contextlib.ExitStack() as stack:
            if word is not None:
                stack.enter_context(self._replaced(WORD, word[None]))
            hook = (module.register_forward_pre_hook(on_call(call, lambda _, given: caught.append(given[0]))) if reads
                    else module.register_forward_hook(on_call(call, lambda _, __, made: caught.append(made[0] if isinstance(made, tuple) else made))))
            stack.callback(hook.remove)
            self.reference.forward(self.type_ids[None], (self.ids if ids is None else ids)[None])
        return caught[0][0].clone()

    def gradients(self, place, x):
        """dF/dx of each row [N, T, d]."""
        made = []
        for part in x.split(ROWS_AT_ONCE):
            part = part.detach().clone().requires_grad_()
            made += torch.autograd.grad(self.run(place=place, x=part).sum(), part)
        return torch.cat(made)

    def _spot(self, place):
        """(module, whether the place is what it reads, in which of its calls): else it is what the module gives."""
        embeddings, layers = self.bert.embeddings, layers_of(self.bert)
        if isinstance(place, Layer) and place.index == len(layers) and hasattr(self.bert, "final_norm"):
            return self.bert.final_norm, False, 0
        if isinstance(place, Layer):
            index, reads = (place.index, True) if place.index < len(layers) else (len(layers) - 1, False)
            return layers[index], reads, layers[:index].count(layers[index])
        return {WORD: (self.bert.get_input_embeddings(), False, 0), SUM: (embedding_norm(self.bert), True, 0),
                OUTPUT: (embeddings, False, 0)}[place]

    @contextlib.contextmanager
    def _replaced(self, place, x):
        module, reads, call = self._spot(place)
        if reads:
            hook = module.register_forward_pre_hook(on_call(call, lambda _, given: (x, *given[1:])))
        else:
            hook = module.register_forward_hook(on_call(call, lambda _, __, made: (x, *made[1:]) if isinstance(made, tuple) else x))
        try:
            yield
        finally:
            hook.remove()
