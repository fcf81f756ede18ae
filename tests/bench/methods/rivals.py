"""The methods as one would run them otherwise: Captum, Inseq and SHAP over Transformers, weights frozen, SDPA attention.

F is the cosine to a fixed sentence; special tokens stay; tokens are replaced by [MASK] (or hidden by the attention mask,
where it says so), and integrated gradients begin at [PAD]. Each contestant explains a list of texts, one after the other,
tokenization included.
"""

import time

import captum.attr
import numpy as np
import shap
import torch

from compare.others import Transformers
from oracle.coalitions import balanced_tree
from oracle.libraries import TreeMasker, part_of

OTHER_TEXT = "How is a value bound to a name?"
STEPS = 50
SHAP_SAMPLES = 500
PERTURBATIONS_PER_EVAL = (1, 8, 32, 128)


class Text:
    """One text: F of rows of ids, or of rows of word embeddings. `inner` are the ids that are not special."""

    def __init__(self, model, other, text):
        self.model, self.other = model, other
        self.encoded = model.encode([text])
        self.ids = self.encoded["input_ids"]
        self.inner = self.ids[:, 1:-1]

    def of_embeddings(self, x):
        hidden = self.model.model(inputs_embeds=x).last_hidden_state
        return torch.cosine_similarity(hidden.mean(1), self.other, dim=-1)

    @torch.no_grad()
    def of_inner(self, inner):
        ends = self.ids[:, [0, -1]].expand(len(inner), -1)
        hidden = self.model.model(torch.cat([ends[:, :1], inner, ends[:, 1:]], dim=1)).last_hidden_state
        return torch.cosine_similarity(hidden.mean(1), self.other, dim=-1)

    @torch.no_grad()
    def of_visible(self, visible):
        """Of attention masks [N, T - 2] of the tokens that are not special: what is hidden is in no mean either."""
        ends = visible.new_ones(len(visible), 1)
        mask = torch.cat([ends, visible, ends], dim=1)
        hidden = self.model.model(self.ids.expand(len(mask), -1), attention_mask=mask).last_hidden_state
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.cosine_similarity(pooled, self.other, dim=-1)

    def words(self, ids=None):
        return self.model.words(self.ids if ids is None else ids)

    def baseline(self, token_id):
        ids = torch.full_like(self.ids, token_id)
        ids[:, [0, -1]] = self.ids[:, [0, -1]]
        return self.words(ids)


class Rival:
    def __init__(self, folder):
        self.model = Transformers(folder, "sdpa")
        self.mask, self.pad = self.model.tokenizer.mask_token_id, self.model.tokenizer.pad_token_id
        with torch.no_grad():
            encoded = self.model.encode([OTHER_TEXT])
            self.other = self.model.model(**encoded).last_hidden_state.mean(1)

    def __call__(self, texts):
        for text in texts:
            self.scores(text)

    def scores(self, text):
        """[T - 2] of the tokens that are not special."""
        return self.explain(Text(self.model, self.other, text))


class CaptumIntegratedGradients(Rival):
    name = f"Captum IntegratedGradients, {STEPS} steps, internal batch {STEPS}"

    def explain(self, text):
        explainer = captum.attr.IntegratedGradients(text.of_embeddings)
        made = explainer.attribute(text.words(), text.baseline(self.pad), n_steps=STEPS, internal_batch_size=STEPS)
        return made.sum(-1)[0, 1:-1].numpy()


class InseqSequential(Rival):
    name = f"Inseq SequentialIntegratedGradients, {STEPS} steps"

    def explain(self, text):
        explainer = part_of("inseq.attr.feat.ops.sequential_integrated_gradients").SequentialIntegratedGradients(
            text.of_embeddings)
        made = explainer.attribute(text.words(), text.baseline(self.mask), n_steps=STEPS)
        return made.sum(-1)[0, 1:-1].detach().numpy()


class Tuned(Rival):
    """Takes rows together as is fastest here."""

    rows = PERTURBATIONS_PER_EVAL[0]

    def tune(self, texts):
        seconds = {}
        for self.rows in PERTURBATIONS_PER_EVAL:
            start = time.perf_counter()
            self(texts)
            seconds[self.rows] = time.perf_counter() - start
        self.rows = min(seconds, key=seconds.get)
        self.name = f"{self.what}, {self.rows} rows at once (best of {', '.join(map(str, PERTURBATIONS_PER_EVAL))})"


class CaptumKernelShap(Tuned):
    what = f"Captum KernelShap, {SHAP_SAMPLES} samples"

    def explain(self, text):
        made = captum.attr.KernelShap(text.of_inner).attribute(
            text.inner, torch.full_like(text.inner, self.mask), n_samples=SHAP_SAMPLES, perturbations_per_eval=self.rows)
        return made[0].numpy()


class CaptumKernelShapOfVisible(Tuned):
    what = f"Captum KernelShap of the attention mask, {SHAP_SAMPLES} samples"

    def explain(self, text):
        made = captum.attr.KernelShap(text.of_visible).attribute(
            torch.ones_like(text.inner), torch.zeros_like(text.inner), n_samples=SHAP_SAMPLES,
            perturbations_per_eval=self.rows)
        return made[0].numpy()


class CaptumOcclusion(Tuned):
    what = "Captum FeatureAblation"

    def explain(self, text):
        made = captum.attr.FeatureAblation(text.of_inner).attribute(
            text.inner, torch.full_like(text.inner, self.mask), perturbations_per_eval=self.rows)
        return made[0].numpy()


class ShapPartition(Tuned):
    what = f"SHAP PartitionExplainer, {SHAP_SAMPLES} evaluations"

    def explain(self, text):
        units = text.inner.shape[1]

        def value(masks):
            kept = torch.as_tensor(masks).bool()
            return text.of_inner(torch.where(kept, text.inner, self.mask)).numpy()

        if units == 1:  # SHAP has no tree of one leaf
            return np.diff(value(np.array([[0], [1]])))
        explainer = shap.PartitionExplainer(value, TreeMasker(balanced_tree(0, units), units))
        return explainer(np.ones((1, units)), max_evals=SHAP_SAMPLES, batch_size=self.rows, silent=True).values[0]
