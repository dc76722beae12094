//! Sorting without recursion, allocation or surprises: heapsort, for finding what is there twice in
//! n·log n steps.

/// Sorts `items` so that `less(a, b)` puts `a` first.
pub(crate) fn heapsort(items: &mut [u32], less: &dyn Fn(u32, u32) -> bool) {
    let mut heap = items.len() / 2;
    let mut end = items.len();
    while end > 1 {
        if heap > 0 {
            heap -= 1;
        } else {
            end -= 1;
            swap(items, 0, end);
        }
        sift(items.get_mut(..end).unwrap_or(&mut []), heap, less);
    }
}

/// Swaps two items that are there.
fn swap(items: &mut [u32], a: usize, b: usize) {
    if let Ok([a, b]) = items.get_disjoint_mut([a, b]) {
        core::mem::swap(a, b);
    }
}

fn sift(items: &mut [u32], mut root: usize, less: &dyn Fn(u32, u32) -> bool) {
    loop {
        let mut child = 2 * root + 1;
        let Some(&left) = items.get(child) else { return };
        if items.get(child + 1).is_some_and(|&right| less(left, right)) {
            child += 1;
        }
        match (items.get(root), items.get(child)) {
            (Some(&parent), Some(&largest)) if less(parent, largest) => swap(items, root, child),
            _ => return,
        }
        root = child;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sorts() {
        let mut state = 1u32;
        for len in (0..200).step_by(if cfg!(miri) { 50 } else { 1 }) {
            let mut items = [0; 200];
            for item in &mut items[..len] {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *item = state >> 24;
            }
            super::heapsort(&mut items[..len], &|a, b| a < b);
            assert!(items[..len].is_sorted());
        }
    }
}
