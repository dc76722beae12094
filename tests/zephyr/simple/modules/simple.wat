;; A program without main: the host falls back to app_main.
(module
  (func (export "app_main") (result i32) (i32.const 42)))
