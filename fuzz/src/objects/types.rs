//! Types of generated programs, and what is a subtype of what.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heap {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Extern,
    Def(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ref {
    pub(super) heap: Heap,
    pub(super) null: bool,
}

/// Types of values; the first two are of fields only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ty {
    I8,
    I16,
    I32,
    I64,
    F64,
    V128,
    Ref(Ref),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub(super) ty: Ty,
    pub(super) mutable: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Struct(Vec<Field>),
    Array(Field),
}

#[derive(Clone, Debug)]
pub(super) struct Def {
    pub(super) parent: Option<usize>,
    pub(super) is_final: bool,
    pub(super) kind: Kind,
}

/// Definitions, and where each recursion group ends.
#[derive(Default)]
pub(super) struct Types {
    pub(super) defs: Vec<Def>,
    pub(super) groups: Vec<usize>,
    /// The first definition that each is equal to.
    pub(super) canonical: Vec<usize>,
}

pub(super) const fn nullable(heap: Heap) -> Ref {
    Ref { heap, null: true }
}

pub(super) const fn non_null(heap: Heap) -> Ref {
    Ref { heap, null: false }
}

impl Ty {
    pub(super) fn has_default(self) -> bool {
        !matches!(self, Ty::Ref(Ref { null: false, .. }))
    }

    /// The type of the value that a field of this type holds.
    pub(super) fn unpacked(self) -> Ty {
        match self {
            Ty::I8 | Ty::I16 => Ty::I32,
            other => other,
        }
    }
}

impl Kind {
    pub(super) fn fields(&self) -> &[Field] {
        match self {
            Kind::Struct(fields) => fields,
            Kind::Array(field) => std::slice::from_ref(field),
        }
    }
}

impl Types {
    /// Whether a definition is declared to be below another, or is it.
    fn descends(&self, from: usize, to: usize) -> bool {
        let mut at = Some(from);
        while let Some(def) = at {
            if def == to {
                return true;
            }
            at = self.defs.get(def).and_then(|def| def.parent);
        }
        false
    }

    /// Whether values of one heap type have another, by what the definitions say.
    pub(super) fn is_below(&self, a: Heap, b: Heap) -> bool {
        match (a, b) {
            (Heap::Def(a), Heap::Def(b)) => self.descends(a, b),
            (Heap::Def(a), Heap::Struct) => {
                self.defs.get(a).is_some_and(|def| matches!(def.kind, Kind::Struct(_)))
            }
            (Heap::Def(a), Heap::Array) => {
                self.defs.get(a).is_some_and(|def| matches!(def.kind, Kind::Array(_)))
            }
            (Heap::Extern, _) | (_, Heap::Extern) => a == b,
            (_, Heap::Any) => true,
            (Heap::Any, _) => false,
            (_, Heap::Eq) => true,
            _ => a == b,
        }
    }

    pub(super) fn is_sub(&self, a: Ty, b: Ty) -> bool {
        match (a, b) {
            (Ty::Ref(a), Ty::Ref(b)) => (b.null || !a.null) && self.is_below(a.heap, b.heap),
            _ => a == b,
        }
    }

    /// Whether an object of one definition has another at run time, where equal types are one.
    pub(super) fn is_instance(&self, object: usize, of: usize) -> bool {
        let mut at = Some(object);
        while let Some(def) = at {
            if self.canonical[def] == self.canonical[of] {
                return true;
            }
            at = self.defs[def].parent;
        }
        false
    }

    /// Finds out which definitions are equal: those at the same place of groups with the same text,
    /// in which references to the own group are positions, and all others numbers of the first of
    /// equal types.
    pub(super) fn canonicalize(&mut self) {
        let mut seen: Vec<(String, usize)> = Vec::new();
        let mut first = 0;
        self.canonical = Vec::new();
        for &end in &self.groups {
            let name = |def: usize| match def.checked_sub(first) {
                Some(place) => format!("own {place}"),
                None => format!("type {}", self.canonical[def]),
            };
            let field = |field: &Field| match field.ty {
                Ty::Ref(Ref { heap: Heap::Def(def), null }) => {
                    format!("{} {null} {}", name(def), field.mutable)
                }
                ty => format!("{ty:?} {}", field.mutable),
            };
            let mut text = String::new();
            for def in &self.defs[first..end] {
                let fields: Vec<_> = def.kind.fields().iter().map(field).collect();
                let is_array = matches!(def.kind, Kind::Array(_));
                let parent = def.parent.map(name);
                text += &format!("{is_array} {} {parent:?} {fields:?};", def.is_final);
            }
            let known = seen.iter().find(|(other, _)| *other == text).map(|&(_, first)| first);
            let at = known.unwrap_or(first);
            self.canonical.extend((0..end - first).map(|place| at + place));
            if known.is_none() {
                seen.push((text, first));
            }
            first = end;
        }
    }
}
