"""The other ways to the same answer: Captum over Transformers, and PyTorch by hand.

All explain F = mean of the last hidden state, as the classic script does: saliency is |dF/dx| at the word embeddings, and
the attention maps of all layers come along. Tokenization counts in, as it does for Limpid; `forward_per_second` of the
plain forward is without it, for the engine, which is given token ids.
"""

import time

import captum.attr
import numpy as np
import torch
import transformers


# Of neighbours in length: what a server that batches usually takes.
BATCH = 32


class Transformers:
    """One model folder, weights frozen; `attention` is Transformers' name of the implementation."""

    def __init__(self, folder, attention):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModel.from_pretrained(folder, attn_implementation=attention).eval()
        self.model.requires_grad_(False)
        self.words = self.model.get_input_embeddings()

    def encode(self, texts):
        return self.tokenizer(texts, padding=True, return_tensors="pt")

    def run(self, embeddings, encoded, **options):
        return self.model(inputs_embeds=embeddings, attention_mask=encoded["attention_mask"],
                          token_type_ids=encoded["token_type_ids"], **options)

    def sorted_batches(self, texts, size):
        """Batches of neighbours in length, the least padding that batches allow: (ids, mask), the mask None where nothing
        is padded."""
        rows = sorted(self.tokenizer(texts.lines)["input_ids"], key=len)
        for begin in range(0, len(rows), size):
            batch = [torch.tensor(row) for row in rows[begin:begin + size]]
            lengths = torch.tensor([len(row) for row in batch])
            mask = torch.arange(lengths.max()) < lengths[:, None]
            ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=self.tokenizer.pad_token_id)
            yield ids, None if mask.all() else mask.long()


class CaptumOneByOne:
    """Captum's Saliency, then a second forward for the attention maps, one text at a time."""

    label = "Captum over Transformers, one text at a time"

    def __init__(self, folder):
        self.fast, self.eager = Transformers(folder, "sdpa"), Transformers(folder, "eager")

    def turn(self, texts):
        start = time.perf_counter()
        for line in texts.lines:
            self.explain(line)
        return {"texts_per_second": len(texts.lines) / (time.perf_counter() - start)}

    def explain(self, text):
        encoded = self.fast.encode([text])
        embeddings = self.fast.words(encoded["input_ids"]).requires_grad_()
        saliency = captum.attr.Saliency(lambda x: self.fast.run(x, encoded).last_hidden_state.mean(dim=(1, 2)))
        scores = saliency.attribute(embeddings).norm(dim=-1)[0]
        with torch.no_grad():
            attentions = self.eager.run(embeddings, encoded, output_attentions=True).attentions
        return scores.numpy(), [layer[0].numpy() for layer in attentions]


class PyTorchExplain:
    """One eager forward and one backward toward the embeddings for a batch of texts of similar length."""

    label = f"PyTorch explanation (eager, weights frozen), sorted batches of {BATCH}"

    def __init__(self, folder):
        self.model = Transformers(folder, "eager")

    def turn(self, texts, batch=BATCH):
        start = time.perf_counter()
        for ids, mask in self.model.sorted_batches(texts, batch):
            self.explain(ids, mask)
        return {"texts_per_second": len(texts.lines) / (time.perf_counter() - start)}

    def explain(self, ids, mask):
        embeddings = self.model.words(ids).requires_grad_()
        output = self.model.model(inputs_embeds=embeddings, attention_mask=mask, output_attentions=True)
        last = output.last_hidden_state
        kept = last.new_ones(ids.shape) if mask is None else mask.to(last.dtype)
        per_text = (last * kept[..., None]).sum(dim=(1, 2)) / kept.sum(dim=1)
        (per_text.sum() / last.shape[-1]).backward()
        return embeddings.grad.norm(dim=-1).numpy(), [layer.detach().numpy() for layer in output.attentions]


class PyTorchForward:
    """The plain prediction, no explanation."""

    label = f"PyTorch plain forward (SDPA), no explanation, sorted batches of {BATCH}"

    def __init__(self, folder):
        self.model = Transformers(folder, "sdpa")

    @torch.inference_mode()
    def turn(self, texts, batch=BATCH):
        start = time.perf_counter()
        batches = list(self.model.sorted_batches(texts, batch))
        tokenized = time.perf_counter()
        for ids, mask in batches:
            self.model.model(ids, attention_mask=mask).last_hidden_state.numpy()
        end = time.perf_counter()
        return {"texts_per_second": len(texts.lines) / (end - start),
                "forward_per_second": len(texts.lines) / (end - tokenized)}


class BestBatches:
    """One of these two in batches of the size that is fastest for the texts."""

    def __init__(self, contestant):
        self.contestant = contestant
        self.label = contestant.label.replace(f"of {BATCH}", "of its best size")

    def turn(self, texts):
        return self.contestant.turn(texts, texts.best_batch)


class TransformersAlone:
    """Forward, and backward toward the embeddings, of one text after the other; no maps."""

    label = "Transformers forward + backward (SDPA, weights frozen), in-process"

    def __init__(self, folder):
        self.model = Transformers(folder, "sdpa")

    def turn(self, texts):
        seconds = []
        for line in texts.lines:
            start = time.perf_counter()
            self.explain(line)
            seconds.append(time.perf_counter() - start)
        p50, p99 = np.quantile(seconds, [0.5, 0.99], method="inverted_cdf")
        return {"p50_ms": 1000 * p50, "p99_ms": 1000 * p99}

    def explain(self, text):
        encoded = self.model.encode([text])
        embeddings = self.model.words(encoded["input_ids"]).requires_grad_()
        self.model.run(embeddings, encoded).last_hidden_state.mean().backward()
        return embeddings.grad.norm(dim=-1).numpy()
