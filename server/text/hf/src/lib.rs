//! The C interface declared in limpid_hf_tokenizer.h. Every entry catches panics.

mod encode;

use std::any::Any;
use std::collections::HashMap;
use std::ffi::{c_char, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};

use encode::{encode, Failure, Input};
use tokenizers::{Encoding, Tokenizer, TruncationStrategy};

#[repr(C)]
pub enum Status {
    Ok = 0,
    Invalid = 1,
    Internal = 2,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const c_char,
    size: usize,
}

#[repr(C)]
pub struct CInput {
    text: Bytes,
    pair: Bytes,
    has_pair: bool,
    truncation: u32,
    max_tokens: usize,
}

#[repr(C)]
pub struct CToken {
    id: u32,
    type_id: u32,
    sequence: i32,
    word: i32,
    begin_byte: u32,
    end_byte: u32,
    is_special: bool,
}

#[repr(C)]
pub struct CEncoding {
    tokens: *mut CToken,
    size: usize,
    truncated: bool,
}

#[repr(C)]
pub struct Text {
    data: *mut c_char,
    size: usize,
}

struct Spelling {
    text: String,
    is_special: bool,
}

pub struct LoadedTokenizer {
    tokenizer: Tokenizer,
    /// A map, not a table: ids in the file may be far apart.
    spellings: HashMap<u32, Spelling>,
}

/// # Safety
/// `json` is readable; `tokenizer` and `error` are writable.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_tokenizer_load(
    json: Bytes,
    tokenizer: *mut *mut LoadedTokenizer,
    error: *mut *mut c_char,
) -> Status {
    // The crate panics on some files that it cannot parse.
    guarded(error, Failure::Invalid, || {
        let loaded = load(json.as_slice())?;
        *tokenizer = Box::into_raw(Box::new(loaded));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_tokenizer_free(tokenizer: *mut LoadedTokenizer) {
    let _ = catch_unwind(|| drop(Box::from_raw(tokenizer)));
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load`.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_vocab_size(tokenizer: *const LoadedTokenizer) -> usize {
    catch_unwind(|| (*tokenizer).tokenizer.get_vocab_size(true)).unwrap_or(0)
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load`; `spelling` and `is_special` are writable.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_spelling(
    tokenizer: *const LoadedTokenizer,
    id: u32,
    spelling: *mut Bytes,
    is_special: *mut bool,
) -> bool {
    catch_unwind(|| match (*tokenizer).spellings.get(&id) {
        None => false,
        Some(found) => {
            *spelling = Bytes { data: found.text.as_ptr().cast(), size: found.text.len() };
            *is_special = found.is_special;
            true
        }
    })
    .unwrap_or(false)
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load`; `spelling` is readable; `id` is writable.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_find(tokenizer: *const LoadedTokenizer, spelling: Bytes, id: *mut u32) -> bool {
    catch_unwind(|| {
        let spelling = std::str::from_utf8(spelling.as_slice()).ok()?;
        (*tokenizer).tokenizer.token_to_id(spelling)
    })
    .ok()
    .flatten()
    .map(|found| *id = found)
    .is_some()
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load`; `input` and the bytes it names are readable; `encoding` and
/// `error` are writable.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_encode(
    tokenizer: *const LoadedTokenizer,
    input: *const CInput,
    encoding: *mut CEncoding,
    error: *mut *mut c_char,
) -> Status {
    guarded(error, Failure::Internal, || {
        let input = &*input;
        let input = Input {
            text: input.text.as_text("text")?,
            pair: if input.has_pair { Some(input.pair.as_text("text pair")?) } else { None },
            truncation: strategy(input.truncation)?,
            max_tokens: input.max_tokens,
        };
        let (encoded, truncated) = encode(&(*tokenizer).tokenizer, &input)?;
        let tokens = flatten(&encoded);
        let size = tokens.len();
        *encoding = CEncoding { tokens: Box::into_raw(tokens).cast(), size, truncated };
        Ok(())
    })
}

/// # Safety
/// `encoding` came from `limpid_hf_encode` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_encoding_free(encoding: CEncoding) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(encoding.tokens, encoding.size)));
    }));
}

/// # Safety
/// `tokenizer` came from `limpid_hf_tokenizer_load`; `size` ids are readable; `text` and `error` are writable.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_decode(
    tokenizer: *const LoadedTokenizer,
    ids: *const u32,
    size: usize,
    skip_special_tokens: bool,
    text: *mut Text,
    error: *mut *mut c_char,
) -> Status {
    guarded(error, Failure::Internal, || {
        // The pointer may be null.
        let ids = if size == 0 { &[] } else { std::slice::from_raw_parts(ids, size) };
        let decoded = (*tokenizer).tokenizer.decode(ids, skip_special_tokens)?.into_bytes().into_boxed_slice();
        let size = decoded.len();
        *text = Text { data: Box::into_raw(decoded).cast(), size };
        Ok(())
    })
}

/// # Safety
/// `text` came from `limpid_hf_decode` and is not used again.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_text_free(text: Text) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(text.data.cast::<u8>(), text.size)));
    }));
}

/// # Safety
/// `error` was set by a function of this interface and is not used again.
#[no_mangle]
pub unsafe extern "C" fn limpid_hf_error_free(error: *mut c_char) {
    let _ = catch_unwind(|| drop(CString::from_raw(error)));
}

impl Bytes {
    unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[]; // the pointer may be null
        }
        std::slice::from_raw_parts(self.data.cast(), self.size)
    }

    unsafe fn as_text<'a>(self, name: &str) -> Result<&'a str, Failure> {
        if u32::try_from(self.size).is_err() {
            return Err(Failure::Invalid(format!("{name} has 4 GiB or more")));
        }
        std::str::from_utf8(self.as_slice()).map_err(|e| Failure::Invalid(format!("{name} is not UTF-8: {e}")))
    }
}

fn load(json: &[u8]) -> Result<LoadedTokenizer, Failure> {
    let mut tokenizer = Tokenizer::from_bytes(json).map_err(|e| Failure::Invalid(e.to_string()))?;
    // Rows are never padded, and truncation is chosen per call.
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None)?;

    let added = tokenizer.get_added_tokens_decoder();
    let mut spellings = HashMap::new();
    for id in tokenizer.get_vocab(true).into_values() {
        if i32::try_from(id).is_err() {
            return Err(Failure::Invalid(format!("token id {id} does not fit 31 bits")));
        }
        if let Some(text) = tokenizer.id_to_token(id) {
            let is_special = added.get(&id).is_some_and(|token| token.special);
            spellings.insert(id, Spelling { text, is_special });
        }
    }
    Ok(LoadedTokenizer { tokenizer, spellings })
}

fn strategy(truncation: u32) -> Result<Option<TruncationStrategy>, Failure> {
    match truncation {
        0 => Ok(None),
        1 => Ok(Some(TruncationStrategy::LongestFirst)),
        2 => Ok(Some(TruncationStrategy::OnlyFirst)),
        3 => Ok(Some(TruncationStrategy::OnlySecond)),
        other => Err(Failure::Invalid(format!("unknown truncation policy {other}"))),
    }
}

fn flatten(encoding: &Encoding) -> Box<[CToken]> {
    let sequences = encoding.get_sequence_ids();
    (0..encoding.len())
        .map(|i| CToken {
            id: encoding.get_ids()[i],
            type_id: encoding.get_type_ids()[i],
            sequence: sequences[i].map_or(-1, |sequence| sequence as i32),
            word: encoding.get_word_ids()[i].map_or(-1, |word| word as i32),
            begin_byte: encoding.get_offsets()[i].0 as u32,
            end_byte: encoding.get_offsets()[i].1 as u32,
            is_special: encoding.get_special_tokens_mask()[i] != 0,
        })
        .collect()
}

/// Runs `body`; a failure, or a panic as what `blame` makes of it, becomes a status and a message in `error`.
unsafe fn guarded(
    error: *mut *mut c_char,
    blame: fn(String) -> Failure,
    body: impl FnOnce() -> Result<(), Failure>,
) -> Status {
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(blame(panic_text(panic.as_ref()))));
    let (status, message) = match outcome {
        Ok(()) => return Status::Ok,
        Err(Failure::Invalid(message)) => (Status::Invalid, message),
        Err(Failure::Internal(message)) => (Status::Internal, message),
    };
    *error = CString::new(message.replace('\0', "\\0")).unwrap_or_default().into_raw();
    status
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the tokenizer panicked: {}", text.unwrap_or("no message"))
}
