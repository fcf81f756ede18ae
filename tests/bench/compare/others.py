"""The other ways to the same answer: Captum over Transformers, and PyTorch by hand.

All explain F = mean of the last hidden state, as the classic script does: saliency is |dF/dx| at the word embeddings, and
the attention maps of all layers come along. Tokenization counts in, as it does for Limpid.
"""

import captum.attr
import torch
import transformers

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


def sorted_batches(tokenizer, texts):
    """Batches of 32 neighbours in length: the least padding that batches allow."""
    order = sorted(texts, key=lambda text: len(tokenizer(text)["input_ids"]))
    return [order[i:i + BATCH] for i in range(0, len(order), BATCH)]


class CaptumOneByOne:
    """Captum's Saliency, then a second forward for the attention maps, one text at a time."""

    def __init__(self, folder):
        self.fast, self.eager = Transformers(folder, "sdpa"), Transformers(folder, "eager")

    def __call__(self, texts):
        for text in texts:
            self.explain(text)

    def explain(self, text):
        encoded = self.fast.encode([text])
        embeddings = self.fast.words(encoded["input_ids"]).requires_grad_()
        saliency = captum.attr.Saliency(lambda x: self.fast.run(x, encoded).last_hidden_state.mean(dim=(1, 2)))
        scores = saliency.attribute(embeddings).norm(dim=-1)[0]
        with torch.no_grad():
            attentions = self.eager.run(embeddings, encoded, output_attentions=True).attentions
        return scores.numpy(), [layer[0].numpy() for layer in attentions]


class PyTorchSorted:
    """One eager forward and one backward toward the embeddings for 32 texts of similar length."""

    def __init__(self, folder):
        self.model = Transformers(folder, "eager")

    def __call__(self, texts):
        for batch in sorted_batches(self.model.tokenizer, texts):
            self.explain(batch)

    def explain(self, batch):
        encoded = self.model.encode(batch)
        mask = encoded["attention_mask"][..., None]
        embeddings = self.model.words(encoded["input_ids"]).requires_grad_()
        output = self.model.run(embeddings, encoded, output_attentions=True)
        per_text = (output.last_hidden_state * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))
        (per_text.sum() / output.last_hidden_state.shape[-1]).backward()
        return embeddings.grad.norm(dim=-1).numpy(), [layer.detach().numpy() for layer in output.attentions]


class PyTorchForward:
    """The plain prediction, no explanation: SDPA forward in sorted batches of 32."""

    def __init__(self, folder):
        self.model = Transformers(folder, "sdpa")

    def __call__(self, texts):
        for batch in sorted_batches(self.model.tokenizer, texts):
            with torch.inference_mode():
                encoded = self.model.encode(batch)
                self.model.model(**encoded).last_hidden_state.numpy()
