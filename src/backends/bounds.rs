//! How much of an answer is read before it is refused (invariant I23): a server, or whoever sits in between, must
//! not be able to fill our memory or our stack.

/// Bytes of a body after decompression.
pub const MAX_BODY: usize = 8 << 20;
/// Bytes of all header names and values of one answer.
pub const MAX_HEADERS: usize = 64 << 10;
/// Nested arrays and objects.
pub const MAX_DEPTH: usize = 64;
/// Values and members in one document.
pub const MAX_ELEMENTS: usize = 200_000;
/// Pages of one walk along `next` links.
pub const MAX_PAGES: usize = 10_000;

/// Which bound a document broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// More than [`MAX_BODY`].
    #[error("the answer is larger than 8 MiB")]
    Size,
    /// More than [`MAX_HEADERS`].
    #[error("the headers are larger than 64 KiB")]
    Headers,
    /// More than [`MAX_DEPTH`].
    #[error("the answer is nested deeper than 64")]
    Depth,
    /// More than [`MAX_ELEMENTS`].
    #[error("the answer has more than 200,000 elements")]
    Elements,
}

/// Walks over the tokens of a JSON text without building anything. Says nothing about whether it is valid: the
/// parser does that afterwards, on a text that is known to be harmless.
///
/// # Errors
/// If it nests too deep or has too many elements.
pub fn check_json(text: &[u8]) -> Result<(), Excess> {
    let (mut depth, mut elements, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                elements += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => elements += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Excess::Depth);
        }
        if elements > MAX_ELEMENTS {
            return Err(Excess::Elements);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i23_depth_and_number_are_bounded() {
        assert_eq!(check_json("[".repeat(64).as_bytes()), Ok(()));
        assert_eq!(check_json("[".repeat(65).as_bytes()), Err(Excess::Depth));
        assert_eq!(check_json("{\"a\":".repeat(65).as_bytes()), Err(Excess::Depth));
        let wide = format!("[{}0]", "0,".repeat(MAX_ELEMENTS));
        assert_eq!(check_json(wide.as_bytes()), Err(Excess::Elements));
        assert_eq!(check_json("[]".repeat(100).as_bytes()), Ok(()));
    }

    #[test]
    fn brackets_inside_text_do_not_count() {
        let text = format!("{{\"a\\\"{}\": 1}}", "[,".repeat(300_000));
        assert_eq!(check_json(text.as_bytes()), Ok(()));
    }
}
