"""A small random BERT and what transformers computes for it: the files in tests/golden/bert.

Needs: pip install torch transformers safetensors. Run: python tests/golden/bert.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

MAX_TOKENS = 12
folder = Path(__file__).with_name("bert")
folder.mkdir(exist_ok=True)
torch.manual_seed(0)

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", ",", "a", "b", "c", "d", "e", "##a", "##b", "##c", "##d", "##e"]
words += ["steel", "screw", "hand", "cream", "##s", "dry", "for", "mm", "1", "2", "##0", "zinc", "the"]
tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
tokenizer.save(str(folder / "tokenizer.json"))
tokenizer.enable_truncation(MAX_TOKENS)

config = BertConfig(
    vocab_size=len(words) + 3,
    hidden_size=16,
    intermediate_size=40,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=20,
)
model = BertModel(config, add_pooling_layer=False).eval()
with torch.no_grad():
    # Far from the usual small initial values, so that every part shows in the result.
    for name, parameter in model.named_parameters():
        parameter.normal_(1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.4)
save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
(folder / "config.json").write_text(config.to_json_string(use_diff=False))

texts = [
    "Steel screws, 20 mm",
    "",
    "Hand cream for dry hands.",
    "abcde edcba, zinc screw; the cream for steel hands is too long a text for this model.",
    "the",
    "a b c d e a b c d",
    "1 2 mm",
    "cr\u00e8me",
]
rows = []
with torch.no_grad():
    for text in texts:
        ids = torch.tensor([tokenizer.encode(text).ids])
        assert ids.shape[1] <= MAX_TOKENS
        mean = model(input_ids=ids).last_hidden_state.mean(1)
        rows.append(torch.nn.functional.normalize(mean, dim=1)[0])
save_file({"embeddings": torch.stack(rows)}, folder / "expected.safetensors")
(folder / "texts.json").write_text(json.dumps(texts, indent=1) + "\n")
