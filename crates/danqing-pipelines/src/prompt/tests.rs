//! Tables of A1111's grammar. Rows marked "wiki" and those of `timeline` are examples of its documentation and of the
//! docstrings of its `modules/prompt_parser.py`.

use danqing_models::text_encoders::tokenizer::{CATALOGUE_ID, ClipTokenizer};
use danqing_weights::{ModelStore, StoreConfig};

use super::*;

fn tokenizer() -> ClipTokenizer {
    let store = ModelStore::open(StoreConfig::from_environment(true).unwrap()).unwrap();
    let path = store.path(CATALOGUE_ID).unwrap_or_else(|e| panic!("{e}: run `danqing models pull default --yes`"));
    ClipTokenizer::from_gzip(&std::fs::read(path).unwrap()).unwrap()
}

fn words(tokenizer: &ClipTokenizer) -> Words<'_> {
    Words { tokenizer, embeddings: &[], padding: ClipTokenizer::END }
}

fn parsed(tokenizer: &ClipTokenizer, text: &str) -> Prompt {
    Prompt::parse(text, Side::Positive, Timeline::new(10), words(tokenizer)).unwrap()
}

/// "text×multiplier" and "|" for a break.
fn shown(prompt: &str) -> Vec<String> {
    let show = |piece| match piece {
        Piece::Text(text, multiplier) => format!("{text}×{multiplier:.4}"),
        Piece::Break => "|".to_owned(),
    };
    pieces(prompt).into_iter().map(show).collect()
}

#[test]
fn emphasis_by_brackets() {
    let table: &[(&str, &[&str])] = &[
        ("normal text", &["normal text×1.0000"]),
        ("an (important) word", &["an ×1.0000", "important×1.1000", " word×1.0000"]),
        ("(unbalanced", &["unbalanced×1.1000"]),
        (r"\(literal\]", &["(literal]×1.0000"]),
        ("(unnecessary)(parens)", &["unnecessaryparens×1.1000"]),
        (
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            &[
                "a ×1.0000",
                "house×1.5730",
                " ×1.1000",
                "on×1.0000",
                " a ×1.1000",
                "hill×0.5500",
                ", sun, ×1.1000",
                "sky×1.4641",
                ".×1.1000",
            ],
        ),
        ("a (word:1.5)", &["a ×1.0000", "word×1.5000"]),
        ("a [word]", &["a ×1.0000", "word×0.9091"]),
        ("a (word:0.25)", &["a ×1.0000", "word×0.2500"]),
        ("(word: 1.2 )", &["word×1.2000"]),
        ("(word:+2) (other:-1)", &["word×2.0000", " ×1.0000", "other×-1.0000"]),
        ("((a:2) b:3)", &["a×6.0000", " b×3.0000"]),
        ("[[deep]", &["deep×0.8264"]),
        ("closed) too ] often", &["closed) too ] often×1.0000"]),
        ("ratio 16:9, no bracket :1.2)", &["ratio 16:9, no bracket :1.2)×1.0000"]),
        ("(not a number:1.2.3)", &["not a number:1.2.3×1.1000"]),
        ("(a:b:1.2)", &["a:b×1.2000"]),
        (r"back\\slash \x", &[r"back\slash x×1.0000"]),
        ("", &["×1.0000"]),
        ("one BREAK two", &["one×1.0000", "|", "two×1.0000"]),
        ("BREAKFAST aBREAK", &["BREAKFAST aBREAK×1.0000"]),
        ("(one BREAK two:1.5) three", &["one×1.5000", "|", "two×1.5000", " three×1.0000"]),
        ("a BREAK BREAK b", &["a×1.0000", "|", "×1.0000", "|", "b×1.0000"]),
        ("（全角）是文字", &["（全角）是文字×1.0000"]),
    ];
    for (prompt, expected) in table {
        assert_eq!(shown(prompt), *expected, "{prompt}");
    }
}

fn timed(prompt: &str, steps: Timeline) -> Vec<(usize, String)> {
    timeline(prompt, steps).into_iter().map(|stretch| (stretch.until, stretch.text)).collect()
}

#[test]
fn prompts_that_change_by_step() {
    let table: &[(&str, &[(usize, &str)])] = &[
        ("test", &[(10, "test")]),
        ("a [b:3]", &[(3, "a "), (10, "a b")]),
        ("a [b: 3]", &[(3, "a "), (10, "a b")]),
        ("a [[[b]]:2]", &[(2, "a "), (10, "a [[b]]")]),
        ("[(a:2):3]", &[(3, ""), (10, "(a:2)")]),
        ("a [b : c : 1] d", &[(1, "a b  d"), (10, "a  c  d")]),
        ("a[b:[c:d:2]:1]e", &[(1, "abe"), (2, "ace"), (10, "ade")]),
        ("a [unbalanced", &[(10, "a [unbalanced")]),
        ("a [b:.5] c", &[(5, "a  c"), (10, "a b c")]),
        ("((a][:b:c [d:3]", &[(3, "((a][:b:c "), (10, "((a][:b:c d")]),
        ("[from::4] on", &[(4, "from on"), (10, " on")]),
        ("[a:b:0]", &[(10, "b")]),
        ("[a:b:-2]", &[(10, "b")]),
        ("[a:b:99]", &[(10, "a")]),
        ("[a:b:0.99]", &[(9, "a"), (10, "b")]),
        ("[a:b:1.0]", &[(10, "a")]),
        ("[a:b]", &[(10, "[a:b]")]),
        ("[a:b:c:3]", &[(10, "[a:b:c:3]")]),
        ("[a:b:c] [d:2]", &[(2, "[a:b:c] "), (10, "[a:b:c] d")]),
        (r"[a\:b:c:3]", &[(3, r"a\:b"), (10, "c")]),
        ("a | b [c:3]", &[(3, "a | b "), (10, "a | b c")]),
        ("[a|b:0.5]", &[(10, "[a|b:0.5]")]),
        ("[水墨:油画:0.3]山水", &[(3, "水墨山水"), (10, "油画山水")]),
    ];
    for (prompt, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(until, text)| (*until, (*text).to_owned())).collect();
        assert_eq!(timed(prompt, Timeline::new(10)), expected, "{prompt}");
    }
}

#[test]
fn words_that_alternate() {
    let table: &[(&str, [&str; 4])] = &[
        ("[a|(b:1.1)]", ["a", "(b:1.1)", "a", "(b:1.1)"]),
        ("[fe|]male", ["female", "male", "female", "male"]),
        ("[fe|||]male", ["female", "male", "male", "male"]),
        (
            "[cow|horse] in a [red|blue|green] field",
            ["cow in a red field", "horse in a blue field", "cow in a green field", "horse in a red field"],
        ),
        ("[a|[b:c:2]]", ["a", "b", "a", "c"]),
    ];
    for (prompt, expected) in table {
        let expected: Vec<_> = (1..).zip(expected.iter().map(|text| (*text).to_owned())).collect();
        assert_eq!(timed(prompt, Timeline::new(4)), expected, "{prompt}");
    }
}

#[test]
fn the_wiki_example_of_prompt_editing() {
    let prompt = "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75][ in foreground::0.6][ in \
                  background:0.25] [shoddy:masterful:0.5]";
    let expected = [
        (25, "fantasy landscape with a mountain and an oak in foreground shoddy"),
        (50, "fantasy landscape with a lake and an oak in foreground in background shoddy"),
        (60, "fantasy landscape with a lake and an oak in foreground in background masterful"),
        (75, "fantasy landscape with a lake and an oak in background masterful"),
        (100, "fantasy landscape with a lake and a christmas tree in background masterful"),
    ];
    assert_eq!(timed(prompt, Timeline::new(100)), expected.map(|(until, text)| (until, text.to_owned())));
}

#[test]
fn the_second_pass_counts_on() {
    let second = Timeline { steps: 10, second_pass: Some(10) };
    assert_eq!(timed("a [b:.5] c", second), [(10, "a b c".to_owned())]);
    assert_eq!(timed("a [b:1.5] c", second), [(5, "a  c".to_owned()), (10, "a b c".to_owned())]);
    assert_eq!(timed("a [b:12] c", second), [(2, "a  c".to_owned()), (10, "a b c".to_owned())]);
}

#[test]
fn prompts_joined_by_and() {
    let table: &[(&str, &[(&str, f32)])] = &[
        ("a cat", &[("a cat", 1.0)]),
        ("a cat AND a dog", &[("a cat", 1.0), (" a dog", 1.0)]),
        ("a cat :1.2 AND a dog AND a penguin :2.2", &[("a cat", 1.2), (" a dog", 1.0), (" a penguin", 2.2)]),
        ("a :-0.5 AND b:.5", &[("a", -0.5), (" b", 0.5)]),
        ("ratio 16:9", &[("ratio 16:9", 1.0)]),
        ("SAND and ANDROID", &[("SAND and ANDROID", 1.0)]),
        ("(a:1.2) AND [b:c:5]", &[("(a:1.2)", 1.0), (" [b:c:5]", 1.0)]),
    ];
    for (prompt, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(text, weight)| ((*text).to_owned(), *weight)).collect();
        assert_eq!(composed(prompt), expected, "{prompt}");
    }
    let tokenizer = tokenizer();
    let negative = Prompt::parse("a AND b", Side::Negative, Timeline::new(10), words(&tokenizer)).unwrap();
    assert_eq!(negative.parts.len(), 1, "a negative prompt is one prompt");
}

#[test]
fn loras_are_taken_out() {
    let lora = |name: &str, text_weight, network_weight| Lora { name: name.to_owned(), text_weight, network_weight };
    let table: &[(&str, &str, &[Lora])] = &[
        ("a cat", "a cat", &[]),
        ("a <lora:ink> cat", "a  cat", &[lora("ink", 1.0, 1.0)]),
        ("<lora:ink:0.8>", "", &[lora("ink", 0.8, 0.8)]),
        ("<lora:ink:0.8:0.5><lyco:x:-1>", "", &[lora("ink", 0.8, 0.5), lora("x", -1.0, -1.0)]),
        ("<lora:ink:te=0.3:unet=0.6>", "", &[lora("ink", 0.3, 0.6)]),
        ("<lora:ink:unet=0.6>", "", &[lora("ink", 1.0, 0.6)]),
        ("<lora:水墨 v2:0.7>山水", "山水", &[lora("水墨 v2", 0.7, 0.7)]),
        ("1 < 2 > 0, <3, <b>, a<:x>", "1 < 2 > 0, <3, <b>, a<:x>", &[]),
        ("<lora:unclosed", "<lora:unclosed", &[]),
    ];
    for (prompt, text, expected) in table {
        assert_eq!(loras(prompt).unwrap(), ((*text).to_owned(), expected.to_vec()), "{prompt}");
    }
    let error = loras("<lora:ink:strong>").unwrap_err();
    assert_eq!(error.to_string(), "the weight \"strong\" of <lora:ink> is not a number");
    assert!(matches!(loras("<lora:ink:inf>"), Err(PromptError::Weight { .. })));
    assert!(matches!(loras("<hypernet:x:1>"), Err(PromptError::Kind { .. })));
}

/// Number of ids before the first end, and the ids themselves.
fn content(chunk: &Chunk) -> Vec<u32> {
    let ids: Vec<u32> = chunk.ids().collect();
    assert_eq!((ids.len(), chunk.multipliers.len()), (77, 77));
    assert_eq!(ids[0], ClipTokenizer::START);
    let end = ids.iter().position(|id| *id == ClipTokenizer::END).unwrap();
    ids[1..end].to_vec()
}

#[test]
fn chunks_of_seventy_five() {
    let tokenizer = tokenizer();
    // "dog" is one token; the numbers say how many stand in each chunk.
    let dogs = |count: usize| "dog ".repeat(count);
    let table: &[(String, &[usize])] = &[
        (String::new(), &[0]),
        (dogs(1), &[1]),
        (dogs(75), &[75]),
        (dogs(76), &[75, 1]),
        (dogs(151), &[75, 75, 1]),
        ("dog BREAK dog".to_owned(), &[1, 1]),
        ("BREAK dog".to_owned(), &[0, 1]),
        ("dog BREAK BREAK dog".to_owned(), &[1, 0, 1]),
        // A comma among the last twenty takes what follows it along…
        (dogs(60) + "," + &dogs(20), &[61, 20]),
        (dogs(55) + "," + &dogs(20), &[56, 20]),
        // …one further back does not…
        (dogs(54) + "," + &dogs(25), &[75, 5]),
        (dogs(74) + "," + &dogs(2), &[75, 2]),
        // …and one that no longer fits goes over alone.
        (dogs(75) + "," + &dogs(2), &[75, 3]),
        (dogs(60) + "," + &dogs(14) + "," + &dogs(3), &[75, 4]),
    ];
    for (prompt, expected) in table {
        let lengths: Vec<_> = parsed(&tokenizer, prompt).texts[0].iter().map(|chunk| content(chunk).len()).collect();
        assert_eq!(lengths, *expected, "{prompt}");
    }
}

#[test]
fn multipliers_follow_their_tokens() {
    let tokenizer = tokenizer();
    let prompt = parsed(&tokenizer, "a (red:1.5) [dog]");
    let chunk = &prompt.texts[0][0];
    assert_eq!(content(chunk), tokenizer.ids("a red dog"));
    assert_eq!(chunk.multipliers[..5], [1.0, 1.0, 1.5, (1.0_f64 / 1.1) as f32, 1.0]);
    let long = "dog ".repeat(60) + ", (" + &"cat ".repeat(20) + ":1.3)";
    let prompt = parsed(&tokenizer, &long);
    assert!(prompt.texts[0][0].multipliers.iter().all(|multiplier| *multiplier == 1.0));
    assert_eq!(prompt.texts[0][1].multipliers[1..21], [1.3; 20]);
}

#[test]
fn padding_of_the_second_generation() {
    let tokenizer = tokenizer();
    let words = Words { padding: 0, ..words(&tokenizer) };
    let mut prompt = Prompt::parse("dog", Side::Positive, Timeline::new(1), words).unwrap();
    prompt.fill_up(2, 0);
    let ids: Vec<Vec<u32>> = prompt.texts[0].iter().map(|chunk| chunk.ids().collect()).collect();
    assert_eq!(ids[0][..4], [ClipTokenizer::START, tokenizer.ids("dog")[0], ClipTokenizer::END, 0]);
    assert_eq!(ids[1][..3], [ClipTokenizer::START, ClipTokenizer::END, 0]);
    assert_eq!((ids[0].len(), ids[1].len(), prompt.most_chunks()), (77, 77, 2));
}

#[test]
fn embeddings_stand_for_their_names() {
    let tokenizer = tokenizer();
    let embedding = |name: &str, vectors| EmbeddingName { name: name.to_owned(), ids: tokenizer.ids(name), vectors };
    let embeddings = [embedding("easynegative", 4), embedding("easy", 1), embedding("huge", 76)];
    let words = Words { embeddings: &embeddings, ..words(&tokenizer) };
    let parse = |text: &str| Prompt::parse(text, Side::Negative, Timeline::new(1), words);
    let prompt = parse("bad, (easynegative:1.2), easy dog").unwrap();
    let chunk = &prompt.texts[0][0];
    let vector = |embedding, row| Token::Vector { embedding, row };
    assert_eq!(chunk.tokens[3..7], [vector(0, 0), vector(0, 1), vector(0, 2), vector(0, 3)]);
    assert_eq!(chunk.multipliers[3..7], [1.2; 4]);
    assert_eq!(chunk.tokens[8], vector(1, 0));
    // One that no longer fits begins the next chunk.
    let prompt = parse(&("dog ".repeat(73) + "easynegative")).unwrap();
    assert_eq!(prompt.texts[0][1].tokens[1], vector(0, 0));
    let error = parse("a huge dog").unwrap_err().to_string();
    assert_eq!(error, "the embedding \"huge\" has 76 vectors, a prompt's chunk has room for 75");
}

#[test]
fn each_step_finds_its_texts() {
    let tokenizer = tokenizer();
    let prompt = parsed(&tokenizer, "a [cat:dog:3] :0.5 AND [x|y] <lora:ink:0.5>");
    assert_eq!(prompt.loras.len(), 1);
    assert_eq!(prompt.texts.len(), 4, "cat, dog, x and y, once each");
    let at = |step| prompt.at(step).collect::<Vec<_>>();
    assert_eq!(at(1), [(0.5, 0), (1.0, 2)]);
    assert_eq!(at(3), [(0.5, 0), (1.0, 2)]);
    assert_eq!(at(4), [(0.5, 1), (1.0, 3)]);
    assert_eq!(at(40), at(10), "later steps keep the last text");
}

#[test]
fn emphasis_keeps_the_mean() {
    let start: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin() + 0.4).collect();
    let multipliers = [1.0, 1.3, 0.5];
    let (mut original, mut plain) = (start.clone(), start.clone());
    emphasised(&mut original, &multipliers, Emphasis::Original);
    emphasised(&mut plain, &multipliers, Emphasis::NoNorm);
    let mean = |values: &[f32]| values.iter().sum::<f32>() / 12.0;
    assert!((mean(&original) - mean(&start)).abs() < 1e-6);
    let factor = mean(&start) / mean(&plain);
    for i in 0..12 {
        assert_eq!(plain[i], start[i] * multipliers[i / 4]);
        assert!((original[i] - plain[i] * factor).abs() < 1e-6);
    }
    let mut ignored = start.clone();
    emphasised(&mut ignored, &multipliers, Emphasis::Ignore);
    emphasised(&mut ignored, &[1.0; 3], Emphasis::Original);
    assert_eq!(ignored, start);
}

#[test]
fn hostile_prompts_end() {
    for hostile in
        ["(".repeat(50_000), "[".repeat(50_000), "[a:".repeat(20_000), "[a|".repeat(20_000), "[(".repeat(20_000)]
    {
        assert_eq!(timed(&hostile, Timeline::new(3)), [(3, hostile.clone())]);
        assert!(!pieces(&hostile).is_empty());
    }
    // Long ones, on which a rule of quadratic cost would not end in a minute.
    for (open, close) in [("(", ")"), ("[", "]"), ("(a", ":1.1)")] {
        let nested = open.repeat(100_000) + &close.repeat(100_000);
        assert!(!pieces(&nested).is_empty());
        assert_eq!(timed(&nested, Timeline::new(3)), [(3, nested.clone())]);
    }
    let nested = "[".repeat(90) + "x" + &":1]".repeat(90);
    assert_eq!(timed(&nested, Timeline::new(2)), [(1, String::new()), (2, "x".to_owned())]);
}
