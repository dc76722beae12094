//! Every program with large frames: 300 more locals in front of each function's own, so that
//! these, and all operands, have slots that no byte counts. What the translator does for small
//! frames alone must not be done here; mutation testing found that other tests miss some of it.

use crate::zonda_fuzz;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, Function, Instruction, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

const MORE: u32 = 300;

/// Moves locals up by `more`, except for parameters.
struct Widen {
    more: u32,
    /// The number of parameters of each function that the module defines.
    params: Vec<u32>,
    next: usize,
}

impl Reencode for Widen {
    type Error = Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let (params, more) = (self.params[self.next], self.more);
        self.next += 1;
        let mut plain = RoundtripReencoder;
        let mut locals = vec![(more, ValType::I32)];
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            locals.push((count, plain.val_type(ty)?));
        }
        let moved = |index: u32| if index < params { index } else { index + more };
        let mut function = Function::new(locals);
        for operator in body.get_operators_reader()? {
            function.instruction(&match operator? {
                Operator::LocalGet { local_index } => Instruction::LocalGet(moved(local_index)),
                Operator::LocalSet { local_index } => Instruction::LocalSet(moved(local_index)),
                Operator::LocalTee { local_index } => Instruction::LocalTee(moved(local_index)),
                other => plain.instruction(other)?,
            });
        }
        code.function(&function);
        Ok(())
    }
}

/// The same module with so many more locals in each frame.
pub fn widened(bytes: &[u8], more: u32) -> Vec<u8> {
    let (mut types, mut params) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::TypeSection(section) => {
                types.extend(
                    section.into_iter_err_on_gc_types().map(|ty| ty.unwrap().params().len()),
                );
            }
            Payload::FunctionSection(section) => {
                params.extend(section.into_iter().map(|ty| types[ty.unwrap() as usize] as u32));
            }
            _ => {}
        }
    }
    let mut module = wasm_encoder::Module::new();
    let mut widen = Widen { more, params, next: 0 };
    widen.parse_core_module(&mut module, Parser::new(0), bytes).expect("the module is valid");
    module.finish()
}

#[test]
fn generated_programs_with_large_frames_agree_and_are_translated_right() {
    use zonda_fuzz::program::{check, encode, generate, Judge};
    let mut judge = Judge::default();
    let (mut values, mut steps) = (0, 0);
    for seed in 5_000..5_400 {
        let program = generate(seed);
        let modules: Vec<Vec<u8>> =
            encode(&program).iter().map(|bytes| widened(bytes, MORE)).collect();
        match check(&program, &modules, &mut judge, None) {
            Ok(outcome) => values += outcome.values,
            Err(what) => panic!("seed {seed}: {what}"),
        }
        for bytes in &modules {
            steps += zonda_fuzz::checker::check_module(bytes)
                .unwrap_or_else(|what| panic!("seed {seed}: {what}"))
                .steps;
        }
    }
    assert!(values > 5_000, "only {values} values were compared");
    assert!(steps > 40_000, "only {steps} steps were compared");
}

#[test]
fn real_modules_with_large_frames_are_translated_right() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/modules");
    let mut steps = 0;
    for file in std::fs::read_dir(folder).unwrap().flatten().map(|file| file.path()) {
        // The checker does not know exceptions.
        let is_known = !file.ends_with("unwind.wasm");
        if is_known && file.extension().is_some_and(|ext| ext == "wasm") {
            let bytes = widened(&std::fs::read(&file).unwrap(), MORE);
            match zonda_fuzz::checker::check_module(&bytes) {
                Ok(checked) => steps += checked.steps,
                Err(what) => panic!("{}: {what}", file.display()),
            }
        }
    }
    assert!(steps > 2_000, "only {steps} steps were compared");
}
