//! Signatures, as the header describes them, and what they say of a call.

use arbitrary::{Result, Unstructured};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    I32,
    I64,
    F32,
    F64,
    Extern,
    Func,
}

const ALL: [Type; 6] = [Type::I32, Type::I64, Type::F32, Type::F64, Type::Extern, Type::Func];

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Extern => "externref",
            Type::Func => "funcref",
        }
    }

    /// Cells of an argument of `wasm_runtime_call_wasm()`. An externref is a pointer there.
    pub fn cells(self) -> usize {
        match self {
            Type::I32 | Type::F32 | Type::Func => 1,
            Type::I64 | Type::F64 => 2,
            Type::Extern => size_of::<usize>() / size_of::<u32>(),
        }
    }

    fn of(letter: char) -> Option<Type> {
        match letter {
            'i' | '*' | '~' | '$' => Some(Type::I32),
            'I' => Some(Type::I64),
            'f' => Some(Type::F32),
            'F' => Some(Type::F64),
            'r' => Some(Type::Extern),
            _ => None,
        }
    }
}

/// A signature: none, a good one, a damaged one, or noise.
pub fn choose(u: &mut Unstructured) -> Result<Option<String>> {
    if u.ratio(1, 12)? {
        return Ok(None);
    }
    let mut text = String::from("(");
    let most = if u.ratio(1, 6)? { 30 } else { 6 };
    for _ in 0..u.int_in_range(0..=most)? {
        text += u.choose(&["i", "I", "f", "F", "r", "$", "*~", "*~", "*"])?;
    }
    text += ")";
    text += u.choose(&["", "i", "I", "f", "F", "r"])?;
    match u.int_in_range(0..=7)? {
        0 => {
            let noise = u.choose(&["x", "~", "*", "(", ")", " ", "$", "é", "~~", "i"])?;
            text.insert_str(u.choose_index(text.len() + 1)?, noise);
        }
        1 => drop(text.remove(u.choose_index(text.len())?)),
        2 if u.ratio(1, 3)? => {
            text = u.arbitrary::<&str>()?.replace('\0', "").chars().take(40).collect()
        }
        _ => {}
    }
    Ok(Some(text))
}

/// Whether a text is a signature.
pub fn well_formed(text: &str, bare: bool) -> bool {
    let Some((params, result)) = text.strip_prefix('(').and_then(|text| text.split_once(')'))
    else {
        return false;
    };
    let mut rest = params;
    while !rest.is_empty() {
        let next =
            rest.strip_prefix("*~").or_else(|| rest.strip_prefix(['i', 'I', 'f', 'F', 'r', '$']));
        match next.or_else(|| rest.strip_prefix('*').filter(|_| bare)) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    matches!(result, "" | "i" | "I" | "f" | "F" | "r")
}

/// Types for the module's import: those of the signature, or, seldom, others.
pub fn types(u: &mut Unstructured, signature: Option<&str>) -> Result<(Vec<Type>, Vec<Type>)> {
    let split = signature.unwrap_or("").trim_start_matches('(').split_once(')');
    let mut params: Vec<Type> =
        split.map_or("", |(params, _)| params).chars().filter_map(Type::of).collect();
    let mut results: Vec<Type> =
        split.map_or("", |(_, result)| result).chars().filter_map(Type::of).collect();
    if signature.is_none_or(str::is_empty) {
        for _ in 0..u.int_in_range(0..=12)? {
            params.push(*u.choose(&ALL)?);
        }
        if u.arbitrary()? {
            results.push(*u.choose(&ALL)?);
        }
    }
    if u.ratio(1, 8)? {
        let list = if u.arbitrary()? { &mut params } else { &mut results };
        match u.int_in_range(0..=2)? {
            0 => list.push(*u.choose(&ALL)?),
            1 => drop(list.pop()),
            _ if !list.is_empty() => {
                let at = u.choose_index(list.len())?;
                list[at] = *u.choose(&ALL)?;
            }
            _ => {}
        }
    }
    Ok((params, results))
}

/// Whether a signature is of these types.
pub fn fits(text: &str, params: &[Type], results: &[Type]) -> bool {
    let Some((letters, result)) = text.trim_start_matches('(').split_once(')') else {
        return false;
    };
    let types = |text: &str| text.chars().map(Type::of).collect::<Option<Vec<Type>>>();
    types(letters).is_some_and(|types| types == params)
        && types(result).is_some_and(|types| types == results)
}

/// Whether the runtime can pass so many: five integers in registers beside the environment, eight
/// floats, twelve words on the stack.
pub fn fit_the_abi(params: &[Type]) -> bool {
    let floats = params.iter().filter(|ty| matches!(ty, Type::F32 | Type::F64)).count();
    let ints = params.len() - floats;
    ints.saturating_sub(5) + floats.saturating_sub(8) <= 12
}

/// The bytes that each argument gives access to: address and length for a pointer, nothing for
/// others. `None` when one of them is not in the memory.
pub fn pointers(
    letters: Option<&str>,
    values: &[u64],
    memory: &[u8],
) -> Option<Vec<Option<(u32, u32)>>> {
    let Some(letters) = letters else { return Some(vec![None; values.len()]) };
    let letters: Vec<char> = letters.chars().skip(1).collect();
    let within = |at: u64, len: u64| {
        at.checked_add(len)
            .is_some_and(|end| end <= memory.len() as u64)
            .then_some(Some((at as u32, len as u32)))
    };
    values
        .iter()
        .enumerate()
        .map(|(index, &at)| match letters.get(index) {
            Some('*') if letters.get(index + 1) == Some(&'~') => {
                within(at, values.get(index + 1).copied().unwrap_or(0))
            }
            Some('*') => within(at, 1),
            Some('$') => {
                let len = memory.get(at as usize..)?.iter().position(|&byte| byte == 0)?;
                within(at, len as u64 + 1)
            }
            _ => Some(None),
        })
        .collect()
}
