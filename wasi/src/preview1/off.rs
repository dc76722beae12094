//! What stands for groups of functions that are switched off: each returns `nosys`.

use crate::context::Wasi;
use crate::guest::Stop;
use crate::types::Errno;
use zonda::Call;

/// Declares functions that take anything and return `nosys`.
macro_rules! off {
    ($($feature:literal $group:ident { $($name:ident($($ty:ident),*);)* })*) => { $(
        #[cfg(not(feature = $feature))]
        pub(super) mod $group {
            $(
                #[allow(clippy::extra_unused_type_parameters)]
                pub(in super::super) fn $name<P: super::Platform, $($ty),*>(
                    _: &mut super::Call<'_, super::Wasi<P>>, $(_: $ty),*
                ) -> Result<(), super::Stop> {
                    Err(super::Errno::Nosys.into())
                }
            )*
        }
    )* };
}
use crate::platform::Platform;

off! {
    "files" file {
        advise(A, B, C, D);
        allocate(A, B, C);
        sync(A, B);
        set_size(A, B);
        set_times(A, B, C, D);
        pread(A, B, C, D);
        pwrite(A, B, C, D);
        readdir(A, B, C, D);
        seek(A, B, C, D);
        tell(A, B);
    }
    "files" path {
        create_directory(A, B);
        filestat_get(A, B, C, D);
        filestat_set_times(A, B, C, D);
        link(A, B);
        open(A, B, C);
        readlink(A, B, C, D);
        remove_directory(A, B);
        rename(A, B);
        symlink(A, B, C);
        unlink_file(A, B);
    }
    "poll" poll {
        oneoff(A, B, C, D, E);
    }
    "sockets" sock {
        accept(A, B, C);
        recv(A, B, C, D, E);
        send(A, B, C, D);
        shutdown(A, B);
    }
}
