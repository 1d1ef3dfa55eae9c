"""Model files that say what they were told to say, for llama.cpp's real server.

A Llama without a mind: attention and feed-forward are zero, every token's embedding is a dimension of its own, and the
output matrix is a table of successors. So the real engine, with its real tokeniser, sampler, chat template and
streams, writes exactly the script, a piece at a time.

The template ends every prompt with a token that stands for the number of the turn, whose successor is the first piece
of that turn's script. In the manner of Hermes it describes tools, so that a script such as `tool_call(…)` comes back as
a tool call.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gguf
import numpy as np

_UNKNOWN, _BEGIN, _END = range(3)
_FIRST_BYTE: Final = 3
_CONTROL, _BYTE, _NORMAL, _UNKNOWN_TYPE = 3, 6, 1, 2
#: Logits of a successor are this times the square root of the width: certain at any temperature.
_CERTAIN: Final = 10.0
_CONTEXT: Final = 131_072

TEMPLATE: Final = """\
{%- if tools %}<|im_start|>system
Call functions with a JSON object within <tool_call></tool_call>. You have these:
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
{% endif %}
{%- set turn = namespace(number=-1) %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{%- set turn.number = turn.number + 1 %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% elif message.role == 'assistant' and message.tool_calls %}<|im_start|>assistant
{%- for call in message.tool_calls %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% else %}
{%- if message.role == 'user' %}{% set turn.number = turn.number + 1 %}{% endif %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
<|turn{{ [[turn.number, 0] | max, LAST] | min }}|>{% endif %}"""


def word_pieces(text: str) -> list[str]:
    """The pieces of a script, word by word."""
    return [word if number == 0 else f" {word}" for number, word in enumerate(text.split(" "))]


def tool_call(name: str, *arguments: str) -> list[str]:
    """A script that calls a tool; `arguments` are pieces of its JSON object."""
    return ["<tool_call>\n", f'{{"name": "{name}"', ', "arguments": ', *arguments, "}\n", "</tool_call>"]


def write_model(path: Path, *scripts: Sequence[str], endless: bool = False) -> Path:
    """Write a model that answers turn after turn by these scripts, and every later one by the last.

    `endless` begins each script anew when it ends. A piece may occur only once in all of them, for it has one
    successor; raises ValueError.
    """
    pieces = [piece for script in scripts for piece in script]
    if repeated := {piece for piece in pieces if pieces.count(piece) > 1}:
        raise ValueError(f"Each piece may occur only once: {sorted(repeated)}")
    tokens = [b"<unk>", b"<s>", b"</s>", *(b"<0x%02X>" % value for value in range(256))]
    kinds = [_UNKNOWN_TYPE, _CONTROL, _CONTROL, *[_BYTE] * 256]
    follows = dict.fromkeys(range(len(tokens)), _END)
    for turn, script in enumerate(scripts):
        begin = len(tokens)
        tokens += [f"<|turn{turn}|>".encode(), *(piece.replace(" ", "\u2581").encode() for piece in script)]
        kinds += [_CONTROL, *[_NORMAL] * len(script)]
        follows |= {token: token + 1 for token in range(begin, len(tokens) - 1)}
        follows[len(tokens) - 1] = begin + 1 if endless else _END
    _write(path, tokens, kinds, follows, TEMPLATE.replace("LAST", str(len(scripts) - 1)))
    return path


def _write(path: Path, tokens: list[bytes], kinds: list[int], follows: dict[int, int], template: str) -> None:
    width = -(-len(tokens) // 64) * 64
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("scripted")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(width // 64)
    writer.add_head_count_kv(1)
    writer.add_rope_dimension_count(64)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(_BEGIN)
    writer.add_eos_token_id(_END)
    writer.add_unk_token_id(_UNKNOWN)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)
    output = np.zeros((len(tokens), width), np.float32)
    for token, successor in follows.items():
        output[successor, token] = _CERTAIN
    tensors = {
        "token_embd": np.eye(len(tokens), width, dtype=np.float32),
        "output_norm": np.ones(width, np.float32),
        "output": output,
        "blk.0.attn_norm": np.ones(width, np.float32),
        "blk.0.attn_q": np.zeros((width, width), np.float32),
        "blk.0.attn_k": np.zeros((64, width), np.float32),
        "blk.0.attn_v": np.zeros((64, width), np.float32),
        "blk.0.attn_output": np.zeros((width, width), np.float32),
        "blk.0.ffn_norm": np.ones(width, np.float32),
        "blk.0.ffn_gate": np.zeros((32, width), np.float32),
        "blk.0.ffn_up": np.zeros((32, width), np.float32),
        "blk.0.ffn_down": np.zeros((width, 32), np.float32),
    }
    for name, tensor in tensors.items():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
