"""What TorchServe's workers run: Captum's Saliency over Transformers, weights frozen."""

import captum.attr
import torch
import transformers
from ts.torch_handler.base_handler import BaseHandler


class Saliency(BaseHandler):
    def initialize(self, context):
        torch.set_num_threads(1)  # there are as many workers as cores
        folder = context.model_yaml_config["handler"]["model_folder"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()
        self.model.requires_grad_(False)
        self.words = self.model.get_input_embeddings()

    def handle(self, data, context):
        return [self.saliency(request["body"]) for request in data]

    def saliency(self, text):
        encoded = self.tokenizer([text], return_tensors="pt")
        embeddings = self.words(encoded["input_ids"]).requires_grad_()
        explainer = captum.attr.Saliency(lambda x: self.model(inputs_embeds=x).last_hidden_state.mean(dim=(1, 2)))
        return explainer.attribute(embeddings).norm(dim=-1)[0].tolist()
