//! Prompts → what the UNet attends to.

use danqing_capability::Progress;
use danqing_models::stable_diffusion::StableDiffusion;
use danqing_models::text_encoders::TextEncoder;
use danqing_models::text_encoders::tokenizer::ClipTokenizer;
use danqing_nn::{Engine, FeatureMap, Shape};

use super::{Error, Settings, additions};
use crate::prompt::{self, Chunk, Emphasis, Prompt, Side, Timeline, Token, emphasised};
use crate::sampling::Sampler;

/// Both prompts, and their texts as the network reads them.
pub(super) struct Words {
    positive: Prompt,
    negative: Prompt,
    positive_texts: Vec<FeatureMap>,
    negative_texts: Vec<FeatureMap>,
}

/// Refuses what can't be meant before anything is loaded.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    [&settings.prompt, &settings.negative_prompt].into_iter().try_for_each(|text| prompt::loras(text).map(|_| ()))?;
    Ok(settings.loras.iter().try_for_each(|text| prompt::Lora::from_argument(text).map(|_| ()))?)
}

impl Words {
    /// Reads both prompts. Texts that change on the way are timed by the steps asked for, as in A1111, and by looks for
    /// samplers that look twice.
    pub(super) fn encoded(
        engine: &Engine,
        model: &StableDiffusion,
        (tokenizer, own): (&ClipTokenizer, &additions::Words),
        settings: &Settings,
        sampler: Sampler,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Error> {
        let padding = model.family.padding_token();
        let words = prompt::Words { tokenizer, embeddings: &own.names, padding };
        let timeline = Timeline::new(settings.steps * if sampler.looks_twice() { 2 } else { 1 });
        let mut positive = Prompt::parse(&settings.prompt, Side::Positive, timeline, words)?;
        let mut negative = Prompt::parse(&settings.negative_prompt, Side::Negative, timeline, words)?;
        let chunks = positive.most_chunks().max(negative.most_chunks());
        positive.fill_up(chunks, padding);
        negative.fill_up(chunks, padding);
        let total = positive.texts.len() + negative.texts.len();
        let mut done = 0;
        let mut texts = |prompt: &Prompt| -> Result<Vec<FeatureMap>, Error> {
            let mut encoded = Vec::with_capacity(prompt.texts.len());
            for text in &prompt.texts {
                encoded.push(of_text(engine, (&model.text, own), text, settings.clip_skip - 1)?);
                done += 1;
                progress.step("text", done, total)?;
            }
            Ok(encoded)
        };
        let (positive_texts, negative_texts) = (texts(&positive)?, texts(&negative)?);
        Ok(Self { positive, negative, positive_texts, negative_texts })
    }

    /// What is wanted at look `look`, counted from 1, each with its weight.
    pub(super) fn wanted(&self, look: usize) -> impl Iterator<Item = (f32, &FeatureMap)> {
        self.positive.at(look).filter_map(|(weight, text)| Some((weight, self.positive_texts.get(text)?)))
    }

    /// What is not wanted.
    pub(super) fn unwanted(&self, look: usize) -> Option<&FeatureMap> {
        self.negative.at(look).find_map(|(_, text)| self.negative_texts.get(text))
    }
}

/// All chunks of a text, one behind the other: `[1, 1, 77·chunks, channels]`.
fn of_text(
    engine: &Engine,
    (encoder, own): (&impl TextEncoder, &additions::Words),
    chunks: &[Chunk],
    skipped: usize,
) -> Result<FeatureMap, Error> {
    let (mut values, mut tokens) = (Vec::new(), 0);
    for chunk in chunks {
        let ids: Vec<u32> = chunk.ids().collect();
        let vector = |(at, token): (usize, &Token)| match token {
            Token::Id(_) => None,
            Token::Vector { embedding, row } => Some((at, own.vector(*embedding, *row)?)),
        };
        let vectors: Vec<_> = chunk.tokens.iter().enumerate().filter_map(vector).collect();
        let mut encoded = encoder.encode_with(engine, &ids, &vectors, skipped)?.to_nhwc()?; // [1, 1, 77, channels]
        emphasised(&mut encoded, &chunk.multipliers, Emphasis::Original);
        values.extend(encoded);
        tokens += ids.len();
    }
    Ok(FeatureMap::from_nhwc(engine, Shape::new(1, 1, tokens, encoder.channels()), values)?)
}
