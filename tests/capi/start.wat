;; Fails to start.
(module (func $start (unreachable)) (start $start))
