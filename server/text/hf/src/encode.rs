//! One text or a pair of texts to tokens, step by step as `Tokenizer::encode` does it, but with truncation chosen per
//! call instead of stored in the tokenizer, and with the numbers a caller needs when the text does not fit.

use tokenizers::{
    truncate_encodings, Encoding, Model, OffsetType, PostProcessor, PreTokenizer, Tokenizer, TruncationDirection,
    TruncationParams, TruncationStrategy,
};

pub enum Failure {
    Invalid(String),
    Internal(String),
}

impl From<tokenizers::Error> for Failure {
    fn from(error: tokenizers::Error) -> Self {
        Failure::Internal(error.to_string())
    }
}

pub struct Input<'a> {
    pub text: &'a str,
    pub pair: Option<&'a str>,
    /// `None`: too many tokens is an error.
    pub truncation: Option<TruncationStrategy>,
    pub max_tokens: usize,
}

/// Returns the encoding and whether tokens were left out.
///
/// Each sequence is tokenized to its end even where the limit is lower: the lengths decide which of two long texts
/// keeps the odd token, and errors name them.
pub fn encode(tokenizer: &Tokenizer, input: &Input) -> Result<(Encoding, bool), Failure> {
    let mut first = encode_sequence(tokenizer, input.text, 0)?;
    let mut second = input.pair.map(|pair| encode_sequence(tokenizer, pair, 1)).transpose()?;

    let added = tokenizer.get_post_processor().map_or(0, |p| p.added_tokens(input.pair.is_some()));
    let total = first.len() + second.as_ref().map_or(0, Encoding::len) + added;
    let truncated = total > input.max_tokens;
    if truncated {
        let budget = input.max_tokens.saturating_sub(added);
        (first, second) = shorten(first, second, input.truncation, budget).map_err(|why| {
            let limit = input.max_tokens;
            Failure::Invalid(format!(
                "{total} tokens ({added} of them special), but at most {limit} are allowed: {why}"
            ))
        })?;
    }
    Ok((tokenizer.post_process(first, second, true)?, truncated))
}

fn encode_sequence(tokenizer: &Tokenizer, text: &str, type_id: u32) -> Result<Encoding, tokenizers::Error> {
    let mut pieces = tokenizer.get_added_vocabulary().extract_and_normalize(tokenizer.get_normalizer(), text);
    if let Some(pre_tokenizer) = tokenizer.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut pieces)?;
    }
    tokenizer.get_model().tokenize_in_pretokenized(&mut pieces, None)?;
    pieces.into_encoding(None, type_id, OffsetType::Byte)
}

/// Leaves at most `budget` tokens, or says why the policy does not allow that.
fn shorten(
    first: Encoding,
    second: Option<Encoding>,
    truncation: Option<TruncationStrategy>,
    budget: usize,
) -> Result<(Encoding, Option<Encoding>), String> {
    let strategy = truncation.ok_or("truncation is off")?;
    if budget == 0 {
        return Err("truncation would leave nothing of the text".into());
    }
    let params = TruncationParams { strategy, max_length: budget, stride: 0, direction: TruncationDirection::Right };
    let (mut first, mut second) = truncate_encodings(first, second, &params)
        .map_err(|_| format!("truncation {} cannot shorten them enough", strategy.as_ref()))?;
    // Left in, post-processing would combine every cut-off part of one text with every part of the other.
    first.take_overflowing();
    second.as_mut().map(Encoding::take_overflowing);
    Ok((first, second))
}
