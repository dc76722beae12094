//! The older exceptions: generated programs with nested `try`, `catch`, `catch_all`, `rethrow` and
//! `delegate` across calls, compared with an interpreter of their trees; kept references; and files
//! whose handlers were changed. `tests/suite/legacy-exceptions.wast` has a case for each rule.

use std::fmt::Write as _;

use crate::calls::{call, trap_code};
use crate::exceptions::{forms, forms_of, run};
use zonda::{
    ArtifactErrorKind, Engine, Error, Linker, Mode, Module, Store, StoreConfig, TrapCode, Val,
};

/// Numbers that a seed determines (splitmix64).
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

const TAGS: u64 = 3;
const FUNCS: usize = 4;

/// What a program is made of. It notes numbers in a global; the tag 0 carries nothing, 1 an i32, 2
/// an i64 and an i32.
#[derive(Clone, Debug)]
enum Stmt {
    Note(i32),
    Throw(u64, i32),
    Call(usize),
    /// Where this bit of the parameter is set.
    If(u32, Vec<Stmt>),
    Block(Vec<Stmt>),
    Br(usize),
    /// An operand below all that is in it, which is noted behind it.
    Under(i32, Vec<Stmt>),
    Try(Vec<Stmt>, Vec<(Option<u64>, Vec<Stmt>)>),
    Delegate(Vec<Stmt>, usize),
    Rethrow(usize),
}

struct Generator {
    rng: Rng,
    /// Labels around, the outermost first: whether each is a clause.
    labels: Vec<bool>,
    left: u32,
    func: usize,
}

impl Generator {
    fn list(&mut self, clause: bool, depth: u32) -> Vec<Stmt> {
        self.labels.push(clause);
        let count = 1 + self.rng.below(4);
        let list = (0..count).map(|_| self.stmt(depth)).collect();
        self.labels.pop();
        list
    }

    fn note(&mut self) -> i32 {
        self.rng.below(1000) as i32
    }

    fn stmt(&mut self, depth: u32) -> Stmt {
        if self.left == 0 || depth > 7 {
            return Stmt::Note(self.note());
        }
        self.left -= 1;
        match self.rng.below(20) {
            0 | 1 => Stmt::Note(self.note()),
            2..=5 => Stmt::If(self.rng.below(3) as u32, vec![self.simple()]),
            6 if self.func > 0 => Stmt::Call(self.rng.below(self.func as u64) as usize),
            7 => Stmt::Block(self.list(false, depth + 1)),
            8 | 9 => {
                // The list is no label of its own.
                let count = 1 + self.rng.below(3);
                let under = (0..count).map(|_| self.stmt(depth + 1)).collect();
                Stmt::Under(self.note(), under)
            }
            10..=14 => {
                let body = self.list(false, depth + 1);
                let mut clauses = Vec::new();
                for _ in 0..self.rng.below(4) {
                    let tag = self.rng.below(TAGS);
                    clauses.push((Some(tag), self.list(true, depth + 1)));
                }
                if self.rng.below(3) == 0 {
                    clauses.push((None, self.list(true, depth + 1)));
                }
                Stmt::Try(body, clauses)
            }
            15..=17 => {
                let body = self.list(false, depth + 1);
                Stmt::Delegate(body, self.rng.below(self.labels.len() as u64) as usize)
            }
            18 => Stmt::Br(self.rng.below(self.labels.len() as u64) as usize),
            _ => self.simple(),
        }
    }

    /// What leaves the code around it, mostly. It stands in an `if`, which is a label, or not: both
    /// do not count one, since it has none of its own.
    fn simple(&mut self) -> Stmt {
        let clauses: Vec<usize> = (0..self.labels.len())
            .filter(|&depth| self.labels[self.labels.len() - 1 - depth])
            .collect();
        match self.rng.below(4) {
            0 | 1 if !clauses.is_empty() => {
                Stmt::Rethrow(clauses[self.rng.below(clauses.len() as u64) as usize])
            }
            2 if self.func > 0 => Stmt::Call(self.rng.below(self.func as u64) as usize),
            _ => Stmt::Throw(self.rng.below(TAGS), self.rng.below(1000) as i32),
        }
    }
}

/// Writes a list in the text format. `extra` is the number of labels around it that the tree does
/// not count.
fn text(list: &[Stmt], extra: usize, out: &mut String) {
    for stmt in list {
        match stmt {
            Stmt::Note(number) => write!(out, "i32.const {number} call $note ").unwrap(),
            Stmt::Throw(0, _) => out.push_str("throw 0 "),
            Stmt::Throw(1, value) => write!(out, "i32.const {value} throw 1 ").unwrap(),
            Stmt::Throw(tag, value) => {
                write!(out, "i64.const {value} i32.const {} throw {tag} ", value + 1).unwrap();
            }
            Stmt::Call(func) => write!(out, "local.get 0 call $f{func} ").unwrap(),
            Stmt::If(bit, list) => {
                write!(out, "local.get 0 i32.const {} i32.and if ", 1 << bit).unwrap();
                text(list, extra + 1, out);
                out.push_str("end ");
            }
            Stmt::Block(list) => {
                out.push_str("block ");
                text(list, extra, out);
                out.push_str("end ");
            }
            Stmt::Br(depth) => write!(out, "br {} ", depth + extra).unwrap(),
            Stmt::Under(number, list) => {
                write!(out, "i32.const {number} ").unwrap();
                text(list, extra, out);
                out.push_str("call $note ");
            }
            Stmt::Try(body, clauses) => {
                out.push_str("try ");
                text(body, extra, out);
                for (tag, body) in clauses {
                    match tag {
                        Some(0) => out.push_str("catch 0 "),
                        Some(1) => out.push_str("catch 1 call $note "),
                        Some(tag) => {
                            write!(out, "catch {tag} call $note i32.wrap_i64 call $note ").unwrap();
                        }
                        None => out.push_str("catch_all "),
                    }
                    text(body, extra, out);
                }
                out.push_str("end ");
            }
            Stmt::Delegate(body, depth) => {
                out.push_str("try ");
                text(body, extra, out);
                write!(out, "delegate {} ", depth + extra).unwrap();
            }
            Stmt::Rethrow(depth) => write!(out, "rethrow {} ", depth + extra).unwrap(),
        }
    }
}

type Exception = (u64, i32);

/// How a list ends.
enum End {
    Behind,
    Br(usize),
    Thrown(Exception),
    /// On its way out of so many labels, behind which it is thrown.
    Delegated(usize, Exception),
}

/// The interpreter.
struct Oracle<'p> {
    funcs: &'p [Vec<Stmt>],
    param: i32,
    noted: i32,
}

impl Oracle<'_> {
    fn note(&mut self, number: i32) {
        self.noted = self.noted.wrapping_mul(31).wrapping_add(number);
    }

    fn call(&mut self, func: usize) -> End {
        match self.label(&self.funcs[func], &mut Vec::new(), None) {
            End::Thrown(exception) => End::Thrown(exception),
            _ => End::Behind,
        }
    }

    /// A list with a label of its own; `caught` is what its clause has caught. A branch to the label
    /// and a delegated exception that has reached it are no such any more.
    fn label(
        &mut self,
        list: &[Stmt],
        labels: &mut Vec<Option<Exception>>,
        caught: Option<Exception>,
    ) -> End {
        labels.push(caught);
        let end = self.list(list, labels);
        labels.pop();
        match end {
            End::Br(0) => End::Behind,
            End::Br(depth) => End::Br(depth - 1),
            End::Delegated(0, exception) => End::Thrown(exception),
            End::Delegated(depth, exception) => End::Delegated(depth - 1, exception),
            end => end,
        }
    }

    fn list(&mut self, list: &[Stmt], labels: &mut Vec<Option<Exception>>) -> End {
        for stmt in list {
            let end = self.stmt(stmt, labels);
            if !matches!(end, End::Behind) {
                return end;
            }
        }
        End::Behind
    }

    fn stmt(&mut self, stmt: &Stmt, labels: &mut Vec<Option<Exception>>) -> End {
        match stmt {
            Stmt::Note(number) => self.note(*number),
            Stmt::Throw(tag, value) => return End::Thrown((*tag, *value)),
            Stmt::Call(func) => return self.call(*func),
            Stmt::If(bit, list) => {
                if self.param >> bit & 1 != 0 {
                    return self.list(list, labels);
                }
            }
            Stmt::Block(list) => return self.label(list, labels, None),
            Stmt::Br(depth) => return End::Br(*depth),
            Stmt::Under(number, list) => {
                let end = self.list(list, labels);
                if !matches!(end, End::Behind) {
                    return end;
                }
                self.note(*number);
            }
            Stmt::Try(body, clauses) => {
                let end = self.label(body, labels, None);
                let End::Thrown((tag, value)) = end else { return end };
                for (wanted, body) in clauses {
                    if wanted.is_none_or(|wanted| wanted == tag) {
                        match wanted {
                            Some(1) => self.note(value),
                            Some(2) => {
                                self.note(value + 1);
                                self.note(value);
                            }
                            _ => {}
                        }
                        return self.label(body, labels, Some((tag, value)));
                    }
                }
                return end;
            }
            Stmt::Delegate(body, depth) => {
                let end = self.label(body, labels, None);
                let End::Thrown(exception) = end else { return end };
                return End::Delegated(*depth, exception);
            }
            Stmt::Rethrow(depth) => {
                return End::Thrown(labels[labels.len() - 1 - depth].expect("it is a clause"));
            }
        }
        End::Behind
    }
}

/// A program, as trees and in the text format.
fn program(seed: u64) -> (Vec<Vec<Stmt>>, String) {
    let rng = Rng(seed);
    let mut generator = Generator { rng, labels: Vec::new(), left: 0, func: 0 };
    let funcs: Vec<Vec<Stmt>> = (0..FUNCS)
        .map(|func| {
            (generator.left, generator.func) = (25, func);
            generator.list(false, 0)
        })
        .collect();
    let mut module = String::from(
        "(module (tag) (tag (param i32)) (tag (param i64 i32))
        (global $noted (export \"noted\") (mut i32) (i32.const 0))
        (func $note (param i32)
            (global.set $noted
                (i32.add (i32.mul (global.get $noted) (i32.const 31)) (local.get 0))))\n",
    );
    for (number, body) in funcs.iter().enumerate() {
        // Every fourth function is large.
        let locals = if generator.rng.below(4) == 0 { "f64 ".repeat(140) } else { String::new() };
        write!(module, "(func $f{number} (param i32) (local {locals}) ").unwrap();
        text(body, 0, &mut module);
        module.push_str(")\n");
    }
    write!(
        module,
        "(func (export \"run\") (param i32) (result i32 i32)
            try local.get 0 call $f{}
            catch_all i32.const -1 global.get $noted return end
            i32.const 0 global.get $noted))",
        FUNCS - 1
    )
    .unwrap();
    (funcs, module)
}

#[test]
fn generated_programs_do_what_their_trees_say() {
    let (mut thrown, mut ended, mut files, mut rethrows, mut delegates) = (0, 0, 0, 0, 0);
    for seed in 0..400 {
        let (funcs, text) = program(seed);
        rethrows += text.matches("rethrow").count();
        delegates += text.matches("delegate").count();
        let expected: Vec<_> = (0..8)
            .map(|param| {
                let mut oracle = Oracle { funcs: &funcs, param, noted: 0 };
                let code = match oracle.call(FUNCS - 1) {
                    End::Thrown(_) => -1,
                    _ => 0,
                };
                thrown -= code;
                ended += code + 1;
                vec![Val::I32(code), Val::I32(oracle.noted)]
            })
            .collect();
        let forms = forms(&text);
        files += forms.len() as i32 - 2;
        for (form, module) in forms {
            for (param, expected) in expected.iter().enumerate() {
                let found = run(&module, "run", &[Val::I32(param as i32)]);
                assert_eq!(found.as_ref(), Ok(expected), "seed {seed}, {form}, {param}:\n{text}");
            }
        }
    }
    assert!(thrown > 500 && ended > 500, "{thrown} calls threw, {ended} did not");
    assert!(rethrows > 200 && delegates > 1000, "{rethrows} rethrows, {delegates} delegates");
    assert_eq!(files, 400, "programs that are files as well");
}

const KEPT: &str = r#"(module
    (tag $e (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32))
    (tag $other (param i32))
    (func $throw (param i32)
        (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
        (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
        (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
        (throw $e))
    ;; Leaves 0 on the operand stack above those that call it.
    (func $clear (param i32) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (if (local.get 0) (then (call $clear (i32.sub (local.get 0) (i32.const 1))))))
    (func $make (param $n i32)
        (loop $more
            try
                try (call $throw (local.get $n)) catch_all (rethrow 0) end
            catch_all
            end
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "keep") (param i32) (result i32)
        try (result i32)
            try (result i32)
                (call $throw (i32.const 4321))
                (i32.const 0)
            catch_all
                (call $clear (i32.const 10))
                (call $make (local.get 0))
                (rethrow 0)
            end
        catch $e
            (br 0)
        end))"#;

#[test]
fn what_a_rethrow_may_name_is_not_freed() {
    for (form, module) in forms(KEPT) {
        // Objects of 120 bytes: 600,000 are made.
        let config =
            StoreConfig { stack_bytes: 8192, total_limit: 24 << 10, ..StoreConfig::default() };
        let mut store = Store::with_config(&Engine::default(), (), config).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let kept = call(&mut store, instance, "keep", &[Val::I32(5000)]);
        assert_eq!(kept, Ok(vec![Val::I32(4321)]), "{form}");
    }
}

#[test]
fn an_object_is_made_where_a_rethrow_wants_it_and_nowhere_else() {
    // Its values take 8,000 bytes, more than what making an instance takes for a time.
    let text = format!(
        r#"(module
            (tag $e (param {}))
            (func $throw {} throw $e)
            (func (export "plain") (result i32)
                try (result i32) call $throw i32.const 0 catch_all i32.const 1 end)
            (func (export "again") (result i32)
                try (result i32)
                    try (result i32) call $throw i32.const 0 catch_all rethrow 0 end
                catch_all i32.const 1 end))"#,
        "i64 ".repeat(1000),
        "i64.const 1 ".repeat(1000),
    );
    for (form, module) in forms(&text) {
        let run = |name: &str, limit: u64| {
            let config =
                StoreConfig { stack_bytes: 16 << 10, total_limit: limit, ..StoreConfig::default() };
            let mut store = Store::with_config(&Engine::default(), (), config)?;
            let instance = Linker::new().instantiate(&mut store, &module)?;
            call(&mut store, instance, name, &[])
        };
        // The first limit with which there is an instance.
        let limit = (1..1000).map(|n| 100 * n).find(|&limit| run("plain", limit).is_ok()).unwrap();
        assert_eq!(trap_code(run("again", limit)), TrapCode::OutOfMemory, "{form}");
        assert_eq!(run("again", limit + 8200), Ok(vec![Val::I32(1)]), "{form}");
    }
}

/// The file of a module for this machine.
fn file(text: &str) -> Vec<u8> {
    let bytes = wat::parse_str(text).unwrap();
    let options = zonda_compiler::CompileOptions {
        word_size: size_of::<usize>() as u8,
        keep_code: false,
        debug: false,
    };
    zonda_compiler::compile(&bytes, &options).unwrap()
}

fn word(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
}

fn load(file: &[u8]) -> Result<(), ArtifactErrorKind> {
    match Module::from_vec(&Engine::new(Mode::Fast), file) {
        Ok(_) => Ok(()),
        Err(Error::Artifact(error)) => Err(error.kind),
        Err(error) => panic!("{error}"),
    }
}

const CHANGED: &str = r#"(module
    (tag $a) (tag $b)
    (func (param i32) (result i32) (local i32 i32)
        (local.set 1 (i32.add (local.get 0) (local.get 2)))
        try
            try
                try (throw $a) delegate 1
            catch $a
            end
            (throw $b)
        catch $a
        catch $b
        catch_all
            (rethrow 0)
        end
        (local.get 1))
    (func try (throw $a) catch_all end))"#;

#[test]
fn changed_handlers_of_files_are_refused() {
    let file = file(CHANGED);
    assert_eq!(load(&file), Ok(()));
    // Bits 3 and 4: exceptions and the older ones. The fourth section has the handlers.
    assert_eq!(word(&file, 8), 8 | 16);
    let (handlers, len) = (word(&file, 92) as usize, word(&file, 96) as usize);
    // The outer `try`, the one in it, the `delegate`, two more clauses, and the other function.
    assert_eq!(len, 6 * 28);
    let field = |number: usize, field: usize| handlers + 28 * number + 4 * field;
    let changed = |at: usize, value: u32| {
        let mut file = file.clone();
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        load(&file)
    };
    let [next, target, slot] = [3, 2, 4];
    assert_eq!(word(&file, field(0, next)), 3);
    assert_eq!(word(&file, field(3, next)), 4);
    // To itself or further in the function is a search that ends; to the next function it is none.
    assert_eq!(changed(field(0, next), 5), Err(ArtifactErrorKind::Flow));
    assert_eq!(changed(field(0, next), 6), Err(ArtifactErrorKind::Flow));
    assert_eq!(changed(field(0, next), 4), Ok(()));
    assert_eq!(changed(field(3, next), 3), Ok(()));
    // The `delegate` leads to the outer `try`, and not to one behind itself.
    assert_eq!(word(&file, field(2, target)), 0);
    assert_eq!(changed(field(2, target), 1), Ok(()));
    assert_eq!(changed(field(2, target), u32::MAX), Ok(()));
    assert_eq!(changed(field(2, target), 2), Err(ArtifactErrorKind::Flow));
    assert_eq!(changed(field(2, target), 3), Err(ArtifactErrorKind::Flow));
    // The reference is kept in local 3, behind those that the function declares. Locals that
    // instructions name, the parameter and what lies behind the locals keep none.
    let values = word(&file, field(4, slot)) & 0xffff;
    assert_eq!(word(&file, field(4, slot)) >> 16, 3);
    for kept in 0..40 {
        let expected = if kept == 3 { Ok(()) } else { Err(ArtifactErrorKind::Slot) };
        assert_eq!(changed(field(4, slot), values | kept << 16), expected, "slot {kept}");
    }
    // A `rethrow` names that one alone.
    let code = word(&file, 80) as usize..word(&file, 92) as usize;
    let rethrow = [zonda_exec::fast::RegOp::Runtime as u8, 0x09];
    let at = file[code.clone()].windows(2).position(|bytes| bytes == rethrow).unwrap();
    let immediate = code.start + at + 4;
    assert_eq!(file[immediate], 3);
    for slot in 0..0x80 {
        let mut file = file.clone();
        file[immediate] = slot;
        let expected = if slot == 3 { Ok(()) } else { Err(ArtifactErrorKind::Slot) };
        assert_eq!(load(&file), expected, "slot {slot}");
    }
    // A handler that keeps none is an ordinary one, which brings the reference to an operand. Then
    // the `rethrow` names a local that others may name.
    let tag = 6;
    assert_eq!(word(&file, field(4, tag)), 7 << 29);
    assert_eq!(changed(field(4, tag), 6 << 29), Err(ArtifactErrorKind::Slot));
}

#[test]
fn a_parameter_keeps_no_reference() {
    // Nothing but the caller names it here.
    let file = file("(module (func (param i32) try catch_all (rethrow 0) end))");
    assert_eq!(load(&file), Ok(()));
    let (handlers, code) = (word(&file, 92) as usize, word(&file, 80) as usize);
    let slot = handlers + 4 * 4;
    assert_eq!(word(&file, slot) >> 16, 1);
    let rethrow = [zonda_exec::fast::RegOp::Runtime as u8, 0x09];
    let at = file[code..handlers].windows(2).position(|bytes| bytes == rethrow).unwrap();
    assert_eq!(file[code + at + 4], 1);
    let mut changed = file.clone();
    changed[slot + 2] = 0;
    changed[code + at + 4] = 0;
    assert_eq!(load(&changed), Err(ArtifactErrorKind::Slot));
}

#[test]
fn a_file_says_that_it_needs_the_older_exceptions_where_it_does() {
    let one = "(module (tag $e) (func try (throw $e) catch $e end))";
    let two = "(module (tag $e) (func try (throw $e) catch $e catch_all end))";
    let none = "(module (tag $e) (func try (throw $e) end))";
    let features: Vec<_> = [one, two, none].map(|text| word(&file(text), 8)).into();
    assert_eq!(features, [8, 24, 24]);
}

#[test]
fn a_frame_has_room_for_as_many_references_as_there_are_locals_left() {
    // Clauses in clauses, and a `rethrow` in the innermost one.
    let nested = |locals: usize, depth: usize| {
        let open = "try catch_all ".repeat(depth);
        let close = "end ".repeat(depth);
        wat::parse_str(format!(
            "(module (func (local {}) {open} rethrow 0 {close}))",
            "i32 ".repeat(locals)
        ))
        .unwrap()
    };
    for mode in [Mode::Classic, Mode::Fast] {
        let engine = Engine::new(mode);
        assert!(Module::from_vec(&engine, nested(0, 1000)).is_ok());
        assert!(Module::from_vec(&engine, nested(32_690, 10)).is_ok());
        match Module::from_vec(&engine, nested(32_691, 10)) {
            Err(Error::Module(error)) => {
                assert_eq!(error.kind, zonda::ModuleErrorKind::FrameTooLarge);
            }
            other => panic!("{:?}", other.map(drop)),
        }
    }
}

/// `run` of tests/modules/unwind.cpp for 0 to 23, compiled for the host by clang 19.
const UNWOUND: [i32; 24] = [
    -106109998,
    -892744799,
    1428697226,
    -278672304,
    1771216876,
    1261062694,
    1882832276,
    560001176,
    -984409502,
    904205414,
    507347681,
    1587859462,
    -829633630,
    272046758,
    -938423614,
    1449702470,
    -1026213662,
    42360038,
    -1053370878,
    2069681286,
    -284007902,
    -1925653722,
    1908710722,
    971452614,
];

#[test]
fn a_program_of_clang_unwinds_as_on_the_host() {
    for (form, module) in forms_of(include_bytes!("../modules/unwind.wasm")) {
        for (n, expected) in (0..).zip(UNWOUND) {
            assert_eq!(
                run(&module, "run", &[Val::I32(n)]),
                Ok(vec![Val::I32(expected)]),
                "{form}, {n}"
            );
        }
    }
}
