"""Token ids of transformers 4.46.3 CLIPTokenizer, as diffusers calls it (no ftfy), for prompts of many kinds.

Usage: clip_tokenizer.py PATH of bpe_simple_vocab_16e6.txt.gz. Writes tests/golden/clip_tokenizer.json.
"""

import gzip
import json
import pathlib
import sys
import tempfile

from transformers import CLIPTokenizer

PROMPTS = [
    "",
    " ",
    "a",
    "a photograph of an astronaut riding a horse",
    "A Photograph Of An ASTRONAUT",
    "masterpiece, best quality, ultra-detailed, 8k, (sharp focus:1.2), [blurry]",
    "it's they're we've I'm you'll he'd don't SHE'LL",
    "rock'n'roll o'clock 'quoted' ''",
    "1girl, solo, 123456789 3.14159 1,000,000",
    "½ ² ③ Ⅷ ٣ 四",
    "hello   world\t\ttabs\nnewlines\r\nwindows",
    "  leading and trailing  ",
    "no-break\u00a0space thin\u2009space ideographic\u3000space line\u2028separator",
    "zero\u200bwidth soft\u00adhyphen bom\ufeff joiner\u200d",
    "bell\x07 null\x00 escape\x1b[0m replacement\ufffd",
    "file\x1cseparator next\x85line",
    "一位宇航员骑着马，超现实主义，8K",
    "水墨画：山水、瀑布，「留白」。",
    "把这张照片变成梵高风格 in the style of Van Gogh",
    "中文english混排123",
    "全角ＡＢＣ１２３！？：（）",
    "日本語のプロンプト、アニメ風、ｶﾀｶﾅ",
    "한국어 프롬프트 고양이",
    "кошка на крыше, Москва",
    "γάτα ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ",
    "قطة على السطح",
    "बिल्ली की तस्वीर",
    "แมวบนหลังคา",
    "Tiếng Việt có dấu",
    "café naïve façade Über Ångström",
    "cafe\u0301 decomposed n\u0303 a\u030a",
    "İstanbul ıspanak I i",
    "straße STRASSE ſharp 'ſ",
    "ﬁligree ﬂower",
    "😀 smile 🎉🎉 party",
    "👨‍👩‍👧‍👦 family 👍🏽 thumbs 🏳️‍🌈",
    "❤️ heart ☺ ✨",
    "🇨🇳 flag #️⃣",
    "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quotes&quot; &#39;",
    "<b>bold</b> <lora:name:0.8> <|startoftext|> <|endoftext|>",
    "!!<|endoftext|>!! <|ENDOFTEXT|> <|StartOfText|>",
    "C++ C# .NET a+b=c 100% $5 €10 £3 ¥20",
    "http://example.com/path?query=1&other=2#part user@example.com",
    "snake_case kebab-case CamelCase dot.case",
    "... … —– -- ~ ^ ` | \\ / {} [] ()",
    "“curly” ‘quotes’ «guillemets» „low“",
    "!?!?!? ,,, ;;; :::",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    "xqzjkw vbnmpl",
    "by greg rutkowski, artgerm, wlop, trending on artstation",
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "e\u0301\u0301\u0301 combining \u0301alone",
    "ﷺ ℡ ™ © ® №",
    "𝕸𝖆𝖙𝖍 𝒍𝒆𝒕𝒕𝒆𝒓𝒔 Ⓐⓑ",
    "𠮷野家 𪚥 豈 㐂",
    "\u202eright to left\u202c override",
    "tokens, " * 40,
    "x" * 300,
    "a\u0300\u0301b ｡ ､ 〜",
    "ＡＢＣ、ＤＥＦ",
    "private\ue000use \U0001f9ff nazar",
    "ẞ ǅ ŉ",
]

merges = gzip.open(sys.argv[1]).read().decode("utf-8").split("\n")
version, merges = merges[0], merges[1 : 49152 - 256 - 2 + 1]
printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters = [chr(b) for b in printing]
letters += [chr(256 + i) for i, _ in enumerate(b for b in range(256) if b not in printing)]
pieces = letters + [letter + "</w>" for letter in letters] + ["".join(line.split()) for line in merges]
pieces += ["<|startoftext|>", "<|endoftext|>"]
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("\n".join([version, *merges]) + "\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
assert tokenizer.fix_text is None, "ftfy is installed; diffusers' users mostly have none"
ids = [{"text": text, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]} for text in PROMPTS]
text = "[\n" + ",\n".join(json.dumps(entry) for entry in ids) + "\n]\n"
pathlib.Path("tests/golden/clip_tokenizer.json").write_text(text)
