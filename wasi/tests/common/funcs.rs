//! The functions of preview 1 and of WAMR's socket extension, for tests and for the fuzz target
//! `sockets`.

/// The functions with their parameters: `w` is an i32, `d` an i64.
pub const FUNCS: [(&str, &str); 94] = [
    ("args_get", "ww"),
    ("args_sizes_get", "ww"),
    ("environ_get", "ww"),
    ("environ_sizes_get", "ww"),
    ("clock_res_get", "ww"),
    ("clock_time_get", "wdw"),
    ("fd_advise", "wddw"),
    ("fd_allocate", "wdd"),
    ("fd_close", "w"),
    ("fd_datasync", "w"),
    ("fd_fdstat_get", "ww"),
    ("fd_fdstat_set_flags", "ww"),
    ("fd_fdstat_set_rights", "wdd"),
    ("fd_filestat_get", "ww"),
    ("fd_filestat_set_size", "wd"),
    ("fd_filestat_set_times", "wddw"),
    ("fd_pread", "wwwdw"),
    ("fd_prestat_get", "ww"),
    ("fd_prestat_dir_name", "www"),
    ("fd_pwrite", "wwwdw"),
    ("fd_read", "wwww"),
    ("fd_readdir", "wwwdw"),
    ("fd_renumber", "ww"),
    ("fd_seek", "wdww"),
    ("fd_sync", "w"),
    ("fd_tell", "ww"),
    ("fd_write", "wwww"),
    ("path_create_directory", "www"),
    ("path_filestat_get", "wwwww"),
    ("path_filestat_set_times", "wwwwddw"),
    ("path_link", "wwwwwww"),
    ("path_open", "wwwwwddww"),
    ("path_readlink", "wwwwww"),
    ("path_remove_directory", "www"),
    ("path_rename", "wwwwww"),
    ("path_symlink", "wwwww"),
    ("path_unlink_file", "www"),
    ("poll_oneoff", "wwww"),
    ("proc_exit", "w"),
    ("proc_raise", "w"),
    ("sched_yield", ""),
    ("random_get", "ww"),
    ("sock_accept", "www"),
    ("sock_recv", "wwwwww"),
    ("sock_send", "wwwww"),
    ("sock_shutdown", "ww"),
    ("sock_addr_local", "ww"),
    ("sock_addr_remote", "ww"),
    ("sock_addr_resolve", "wwwwww"),
    ("sock_bind", "ww"),
    ("sock_close", "w"),
    ("sock_connect", "ww"),
    ("sock_listen", "ww"),
    ("sock_open", "wwww"),
    ("sock_recv_from", "wwwwww"),
    ("sock_send_to", "wwwwww"),
    ("sock_set_ip_add_membership", "www"),
    ("sock_set_ip_drop_membership", "www"),
    ("sock_get_broadcast", "ww"),
    ("sock_get_keep_alive", "ww"),
    ("sock_get_linger", "www"),
    ("sock_get_recv_buf_size", "ww"),
    ("sock_get_recv_timeout", "ww"),
    ("sock_get_reuse_addr", "ww"),
    ("sock_get_reuse_port", "ww"),
    ("sock_get_send_buf_size", "ww"),
    ("sock_get_send_timeout", "ww"),
    ("sock_get_tcp_fastopen_connect", "ww"),
    ("sock_get_tcp_keep_idle", "ww"),
    ("sock_get_tcp_keep_intvl", "ww"),
    ("sock_get_tcp_no_delay", "ww"),
    ("sock_get_tcp_quick_ack", "ww"),
    ("sock_get_ip_multicast_loop", "www"),
    ("sock_get_ip_multicast_ttl", "ww"),
    ("sock_get_ip_ttl", "ww"),
    ("sock_get_ipv6_only", "ww"),
    ("sock_set_broadcast", "ww"),
    ("sock_set_keep_alive", "ww"),
    ("sock_set_linger", "www"),
    ("sock_set_recv_buf_size", "ww"),
    ("sock_set_recv_timeout", "wd"),
    ("sock_set_reuse_addr", "ww"),
    ("sock_set_reuse_port", "ww"),
    ("sock_set_send_buf_size", "ww"),
    ("sock_set_send_timeout", "wd"),
    ("sock_set_tcp_fastopen_connect", "ww"),
    ("sock_set_tcp_keep_idle", "ww"),
    ("sock_set_tcp_keep_intvl", "ww"),
    ("sock_set_tcp_no_delay", "ww"),
    ("sock_set_tcp_quick_ack", "ww"),
    ("sock_set_ip_multicast_loop", "www"),
    ("sock_set_ip_multicast_ttl", "ww"),
    ("sock_set_ip_ttl", "ww"),
    ("sock_set_ipv6_only", "ww"),
];

/// A program never waits here: what `poll_oneoff` would wait for is less than a microsecond, and
/// the first thing that it waits for is a clock, since a socket may stay silent.
#[allow(dead_code)] // Not all tests call it.
pub fn hurry(memory: &mut [u8], from: u64, count: u64) {
    if let Some(record) = memory.get_mut(from as usize..from as usize + 48) {
        // Of this kind, and the monotonic clock.
        record[8] = 0;
        record[16..20].copy_from_slice(&1u32.to_le_bytes());
    }
    for index in 0..count.min(2000) {
        let at = (from + 48 * index) as usize;
        if let Some(record) = memory.get_mut(at..at + 48) {
            record[24..32].copy_from_slice(&500u64.to_le_bytes());
            record[40..42].fill(0);
        }
    }
}
