;; Memory accesses whose offset is written in five bytes, as toolchains write it where the linker fills in an address.
;; Results are those of wasmtime 50.
(module binary
  "\00\61\73\6d\01\00\00\00\01\2d\08\60\01\7f\01\7f\60\01\7f\01\7e\60\01\7f"
  "\01\7d\60\01\7f\01\7c\60\02\7f\7f\01\7e\60\02\7f\7e\01\7e\60\02\7f\7d\01"
  "\7e\60\02\7f\7c\01\7e\03\26\25\00\00\01\01\02\02\03\03\00\00\00\00\00\00"
  "\00\00\01\01\01\01\01\01\01\01\01\01\01\01\04\05\06\07\04\04\05\05\05\05"
  "\03\01\00\01\07\e9\04\25\0a\69\33\32\2e\6c\6f\61\64\20\34\00\00\0c\69\33"
  "\32\2e\6c\6f\61\64\20\33\30\30\00\01\0a\69\36\34\2e\6c\6f\61\64\20\34\00"
  "\02\0c\69\36\34\2e\6c\6f\61\64\20\33\30\30\00\03\0a\66\33\32\2e\6c\6f\61"
  "\64\20\34\00\04\0c\66\33\32\2e\6c\6f\61\64\20\33\30\30\00\05\0a\66\36\34"
  "\2e\6c\6f\61\64\20\34\00\06\0c\66\36\34\2e\6c\6f\61\64\20\33\30\30\00\07"
  "\0d\69\33\32\2e\6c\6f\61\64\38\5f\73\20\34\00\08\0f\69\33\32\2e\6c\6f\61"
  "\64\38\5f\73\20\33\30\30\00\09\0d\69\33\32\2e\6c\6f\61\64\38\5f\75\20\34"
  "\00\0a\0f\69\33\32\2e\6c\6f\61\64\38\5f\75\20\33\30\30\00\0b\0e\69\33\32"
  "\2e\6c\6f\61\64\31\36\5f\73\20\34\00\0c\10\69\33\32\2e\6c\6f\61\64\31\36"
  "\5f\73\20\33\30\30\00\0d\0e\69\33\32\2e\6c\6f\61\64\31\36\5f\75\20\34\00"
  "\0e\10\69\33\32\2e\6c\6f\61\64\31\36\5f\75\20\33\30\30\00\0f\0d\69\36\34"
  "\2e\6c\6f\61\64\38\5f\73\20\34\00\10\0f\69\36\34\2e\6c\6f\61\64\38\5f\73"
  "\20\33\30\30\00\11\0d\69\36\34\2e\6c\6f\61\64\38\5f\75\20\34\00\12\0f\69"
  "\36\34\2e\6c\6f\61\64\38\5f\75\20\33\30\30\00\13\0e\69\36\34\2e\6c\6f\61"
  "\64\31\36\5f\73\20\34\00\14\10\69\36\34\2e\6c\6f\61\64\31\36\5f\73\20\33"
  "\30\30\00\15\0e\69\36\34\2e\6c\6f\61\64\31\36\5f\75\20\34\00\16\10\69\36"
  "\34\2e\6c\6f\61\64\31\36\5f\75\20\33\30\30\00\17\0e\69\36\34\2e\6c\6f\61"
  "\64\33\32\5f\73\20\34\00\18\10\69\36\34\2e\6c\6f\61\64\33\32\5f\73\20\33"
  "\30\30\00\19\0e\69\36\34\2e\6c\6f\61\64\33\32\5f\75\20\34\00\1a\10\69\36"
  "\34\2e\6c\6f\61\64\33\32\5f\75\20\33\30\30\00\1b\0d\69\33\32\2e\73\74\6f"
  "\72\65\20\33\30\30\00\1c\0d\69\36\34\2e\73\74\6f\72\65\20\33\30\30\00\1d"
  "\0d\66\33\32\2e\73\74\6f\72\65\20\33\30\30\00\1e\0d\66\36\34\2e\73\74\6f"
  "\72\65\20\33\30\30\00\1f\0e\69\33\32\2e\73\74\6f\72\65\38\20\33\30\30\00"
  "\20\0f\69\33\32\2e\73\74\6f\72\65\31\36\20\33\30\30\00\21\0e\69\36\34\2e"
  "\73\74\6f\72\65\38\20\33\30\30\00\22\0f\69\36\34\2e\73\74\6f\72\65\31\36"
  "\20\33\30\30\00\23\0f\69\36\34\2e\73\74\6f\72\65\33\32\20\33\30\30\00\24"
  "\0a\a0\04\25\0b\00\20\00\28\00\84\80\80\80\00\0b\0b\00\20\00\28\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\29\00\84\80\80\80\00\0b\0b\00\20\00\29\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2a\00\84\80\80\80\00\0b\0b\00\20\00\2a\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2b\00\84\80\80\80\00\0b\0b\00\20\00\2b\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2c\00\84\80\80\80\00\0b\0b\00\20\00\2c\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2d\00\84\80\80\80\00\0b\0b\00\20\00\2d\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2e\00\84\80\80\80\00\0b\0b\00\20\00\2e\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\2f\00\84\80\80\80\00\0b\0b\00\20\00\2f\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\30\00\84\80\80\80\00\0b\0b\00\20\00\30\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\31\00\84\80\80\80\00\0b\0b\00\20\00\31\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\32\00\84\80\80\80\00\0b\0b\00\20\00\32\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\33\00\84\80\80\80\00\0b\0b\00\20\00\33\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\34\00\84\80\80\80\00\0b\0b\00\20\00\34\00\ac\82"
  "\80\80\00\0b\0b\00\20\00\35\00\84\80\80\80\00\0b\0b\00\20\00\35\00\ac\82"
  "\80\80\00\0b\16\00\20\00\20\01\36\00\ac\82\80\80\00\20\00\29\00\ac\82\80"
  "\80\00\0b\16\00\20\00\20\01\37\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80"
  "\00\0b\16\00\20\00\20\01\38\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00"
  "\0b\16\00\20\00\20\01\39\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b"
  "\16\00\20\00\20\01\3a\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b\16"
  "\00\20\00\20\01\3b\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b\16\00"
  "\20\00\20\01\3c\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b\16\00\20"
  "\00\20\01\3d\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b\16\00\20\00"
  "\20\01\3e\00\ac\82\80\80\00\20\00\29\00\ac\82\80\80\00\0b\0b\d1\02\01\00"
  "\41\00\0b\ca\02\81\a6\cb\f0\15\3a\5f\84\a9\ce\f3\18\3d\62\87\ac\d1\f6\1b"
  "\40\65\8a\af\d4\f9\1e\43\68\8d\b2\d7\fc\21\46\6b\90\b5\da\ff\24\49\6e\93"
  "\b8\dd\02\27\4c\71\96\bb\e0\05\2a\4f\74\99\be\e3\08\2d\52\77\9c\c1\e6\0b"
  "\30\55\7a\9f\c4\e9\0e\33\58\7d\a2\c7\ec\11\36\5b\80\a5\ca\ef\14\39\5e\83"
  "\a8\cd\f2\17\3c\61\86\ab\d0\f5\1a\3f\64\89\ae\d3\f8\1d\42\67\8c\b1\d6\fb"
  "\20\45\6a\8f\b4\d9\fe\23\48\6d\92\b7\dc\01\26\4b\70\95\ba\df\04\29\4e\73"
  "\98\bd\e2\07\2c\51\76\9b\c0\e5\0a\2f\54\79\9e\c3\e8\0d\32\57\7c\a1\c6\eb"
  "\10\35\5a\7f\a4\c9\ee\13\38\5d\82\a7\cc\f1\16\3b\60\85\aa\cf\f4\19\3e\63"
  "\88\ad\d2\f7\1c\41\66\8b\b0\d5\fa\1f\44\69\8e\b3\d8\fd\22\47\6c\91\b6\db"
  "\00\25\4a\6f\94\b9\de\03\28\4d\72\97\bc\e1\06\2b\50\75\9a\bf\e4\09\2e\53"
  "\78\9d\c2\e7\0c\31\56\7b\a0\c5\ea\0f\34\59\7e\a3\c8\ed\12\37\5c\81\a6\cb"
  "\f0\15\3a\5f\84\a9\ce\f3\18\3d\62\87\ac\d1\f6\1b\40\65\8a\af\d4\f9\1e\43"
  "\68\8d\b2\d7\fc\21\46\6b\90\b5\da\ff\24\49\6e\93\b8\dd\02\27\4c\71\96\bb"
  "\e0\05\2a\4f\74\99\be\e3\08\2d\52\77\9c\c1\e6\0b\30\55\7a\9f\c4\e9\0e"
)
(assert_return (invoke "i32.load 4" (i32.const 0)) (i32.const -2074133995))
(assert_return (invoke "i32.load 4" (i32.const 3)) (i32.const -204559996))
(assert_return (invoke "i32.load 4" (i32.const 17)) (i32.const -103501942))
(assert_trap (invoke "i32.load 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i32.load 4" (i32.const 65528)) (i32.const 0))
(assert_return (invoke "i32.load 300" (i32.const 0)) (i32.const 1277625053))
(assert_return (invoke "i32.load 300" (i32.const 3)) (i32.const -1147768500))
(assert_return (invoke "i32.load 300" (i32.const 17)) (i32.const -1046710446))
(assert_trap (invoke "i32.load 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i32.load 300" (i32.const 65232)) (i32.const 0))
(assert_return (invoke "i64.load 4" (i32.const 0)) (i64.const 1798007903716588053))
(assert_return (invoke "i64.load 4" (i32.const 3)) (i64.const -8691317153492719228))
(assert_return (invoke "i64.load 4" (i32.const 17)) (i64.const -8257276116464259190))
(assert_trap (invoke "i64.load 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load 4" (i32.const 65524)) (i64.const 0))
(assert_return (invoke "i64.load 300" (i32.const 0)) (i64.const -2253041775215705379))
(assert_return (invoke "i64.load 300" (i32.const 3)) (i64.const 5704378340796166476))
(assert_return (invoke "i64.load 300" (i32.const 17)) (i64.const 6138419377824626514))
(assert_trap (invoke "i64.load 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load 300" (i32.const 65228)) (i64.const 0))
(assert_return (invoke "f32.load 4" (i32.const 0)) (f32.const -0x1.be742a0000000p-119))
(assert_return (invoke "f32.load 4" (i32.const 3)) (f32.const -0x1.9d53080000000p+104))
(assert_return (invoke "f32.load 4" (i32.const 17)) (f32.const -0x1.a95f140000000p+116))
(assert_trap (invoke "f32.load 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "f32.load 4" (i32.const 65528)) (f32.const 0x0.0p+0))
(assert_return (invoke "f32.load 300" (i32.const 0)) (f32.const 0x1.4e05ba0000000p+25))
(assert_return (invoke "f32.load 300" (i32.const 3)) (f32.const -0x1.2ce2980000000p-8))
(assert_return (invoke "f32.load 300" (i32.const 17)) (f32.const -0x1.38eea40000000p+4))
(assert_trap (invoke "f32.load 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "f32.load 300" (i32.const 65232)) (f32.const 0x0.0p+0))
(assert_return (invoke "f64.load 4" (i32.const 0)) (f64.const 0x1.3cea9845f3a15p-624))
(assert_return (invoke "f64.load 4" (i32.const 3)) (f64.const -0x1.23d18f3cea984p-905))
(assert_return (invoke "f64.load 4" (i32.const 17)) (f64.const -0x1.8431ef9d4af8ap-809))
(assert_trap (invoke "f64.load 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "f64.load 4" (i32.const 65524)) (f64.const 0x0.0p+0))
(assert_return (invoke "f64.load 300" (i32.const 0)) (f64.const -0x1.b96714c2702ddp+524))
(assert_return (invoke "f64.load 300" (i32.const 3)) (f64.const 0x1.a05e0bb96714cp+243))
(assert_return (invoke "f64.load 300" (i32.const 17)) (f64.const 0x1.00be6c19c7752p+340))
(assert_trap (invoke "f64.load 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "f64.load 300" (i32.const 65228)) (f64.const 0x0.0p+0))
(assert_return (invoke "i32.load8_s 4" (i32.const 0)) (i32.const 21))
(assert_return (invoke "i32.load8_s 4" (i32.const 3)) (i32.const -124))
(assert_return (invoke "i32.load8_s 4" (i32.const 17)) (i32.const -118))
(assert_trap (invoke "i32.load8_s 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i32.load8_s 4" (i32.const 65531)) (i32.const 0))
(assert_return (invoke "i32.load8_s 300" (i32.const 0)) (i32.const -35))
(assert_return (invoke "i32.load8_s 300" (i32.const 3)) (i32.const 76))
(assert_return (invoke "i32.load8_s 300" (i32.const 17)) (i32.const 82))
(assert_trap (invoke "i32.load8_s 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i32.load8_s 300" (i32.const 65235)) (i32.const 0))
(assert_return (invoke "i32.load8_u 4" (i32.const 0)) (i32.const 21))
(assert_return (invoke "i32.load8_u 4" (i32.const 3)) (i32.const 132))
(assert_return (invoke "i32.load8_u 4" (i32.const 17)) (i32.const 138))
(assert_trap (invoke "i32.load8_u 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i32.load8_u 4" (i32.const 65531)) (i32.const 0))
(assert_return (invoke "i32.load8_u 300" (i32.const 0)) (i32.const 221))
(assert_return (invoke "i32.load8_u 300" (i32.const 3)) (i32.const 76))
(assert_return (invoke "i32.load8_u 300" (i32.const 17)) (i32.const 82))
(assert_trap (invoke "i32.load8_u 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i32.load8_u 300" (i32.const 65235)) (i32.const 0))
(assert_return (invoke "i32.load16_s 4" (i32.const 0)) (i32.const 14869))
(assert_return (invoke "i32.load16_s 4" (i32.const 3)) (i32.const -22140))
(assert_return (invoke "i32.load16_s 4" (i32.const 17)) (i32.const -20598))
(assert_trap (invoke "i32.load16_s 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i32.load16_s 4" (i32.const 65530)) (i32.const 0))
(assert_return (invoke "i32.load16_s 300" (i32.const 0)) (i32.const 733))
(assert_return (invoke "i32.load16_s 300" (i32.const 3)) (i32.const 29004))
(assert_return (invoke "i32.load16_s 300" (i32.const 17)) (i32.const 30546))
(assert_trap (invoke "i32.load16_s 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i32.load16_s 300" (i32.const 65234)) (i32.const 0))
(assert_return (invoke "i32.load16_u 4" (i32.const 0)) (i32.const 14869))
(assert_return (invoke "i32.load16_u 4" (i32.const 3)) (i32.const 43396))
(assert_return (invoke "i32.load16_u 4" (i32.const 17)) (i32.const 44938))
(assert_trap (invoke "i32.load16_u 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i32.load16_u 4" (i32.const 65530)) (i32.const 0))
(assert_return (invoke "i32.load16_u 300" (i32.const 0)) (i32.const 733))
(assert_return (invoke "i32.load16_u 300" (i32.const 3)) (i32.const 29004))
(assert_return (invoke "i32.load16_u 300" (i32.const 17)) (i32.const 30546))
(assert_trap (invoke "i32.load16_u 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i32.load16_u 300" (i32.const 65234)) (i32.const 0))
(assert_return (invoke "i64.load8_s 4" (i32.const 0)) (i64.const 21))
(assert_return (invoke "i64.load8_s 4" (i32.const 3)) (i64.const -124))
(assert_return (invoke "i64.load8_s 4" (i32.const 17)) (i64.const -118))
(assert_trap (invoke "i64.load8_s 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load8_s 4" (i32.const 65531)) (i64.const 0))
(assert_return (invoke "i64.load8_s 300" (i32.const 0)) (i64.const -35))
(assert_return (invoke "i64.load8_s 300" (i32.const 3)) (i64.const 76))
(assert_return (invoke "i64.load8_s 300" (i32.const 17)) (i64.const 82))
(assert_trap (invoke "i64.load8_s 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load8_s 300" (i32.const 65235)) (i64.const 0))
(assert_return (invoke "i64.load8_u 4" (i32.const 0)) (i64.const 21))
(assert_return (invoke "i64.load8_u 4" (i32.const 3)) (i64.const 132))
(assert_return (invoke "i64.load8_u 4" (i32.const 17)) (i64.const 138))
(assert_trap (invoke "i64.load8_u 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load8_u 4" (i32.const 65531)) (i64.const 0))
(assert_return (invoke "i64.load8_u 300" (i32.const 0)) (i64.const 221))
(assert_return (invoke "i64.load8_u 300" (i32.const 3)) (i64.const 76))
(assert_return (invoke "i64.load8_u 300" (i32.const 17)) (i64.const 82))
(assert_trap (invoke "i64.load8_u 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load8_u 300" (i32.const 65235)) (i64.const 0))
(assert_return (invoke "i64.load16_s 4" (i32.const 0)) (i64.const 14869))
(assert_return (invoke "i64.load16_s 4" (i32.const 3)) (i64.const -22140))
(assert_return (invoke "i64.load16_s 4" (i32.const 17)) (i64.const -20598))
(assert_trap (invoke "i64.load16_s 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load16_s 4" (i32.const 65530)) (i64.const 0))
(assert_return (invoke "i64.load16_s 300" (i32.const 0)) (i64.const 733))
(assert_return (invoke "i64.load16_s 300" (i32.const 3)) (i64.const 29004))
(assert_return (invoke "i64.load16_s 300" (i32.const 17)) (i64.const 30546))
(assert_trap (invoke "i64.load16_s 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load16_s 300" (i32.const 65234)) (i64.const 0))
(assert_return (invoke "i64.load16_u 4" (i32.const 0)) (i64.const 14869))
(assert_return (invoke "i64.load16_u 4" (i32.const 3)) (i64.const 43396))
(assert_return (invoke "i64.load16_u 4" (i32.const 17)) (i64.const 44938))
(assert_trap (invoke "i64.load16_u 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load16_u 4" (i32.const 65530)) (i64.const 0))
(assert_return (invoke "i64.load16_u 300" (i32.const 0)) (i64.const 733))
(assert_return (invoke "i64.load16_u 300" (i32.const 3)) (i64.const 29004))
(assert_return (invoke "i64.load16_u 300" (i32.const 17)) (i64.const 30546))
(assert_trap (invoke "i64.load16_u 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load16_u 300" (i32.const 65234)) (i64.const 0))
(assert_return (invoke "i64.load32_s 4" (i32.const 0)) (i64.const -2074133995))
(assert_return (invoke "i64.load32_s 4" (i32.const 3)) (i64.const -204559996))
(assert_return (invoke "i64.load32_s 4" (i32.const 17)) (i64.const -103501942))
(assert_trap (invoke "i64.load32_s 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load32_s 4" (i32.const 65528)) (i64.const 0))
(assert_return (invoke "i64.load32_s 300" (i32.const 0)) (i64.const 1277625053))
(assert_return (invoke "i64.load32_s 300" (i32.const 3)) (i64.const -1147768500))
(assert_return (invoke "i64.load32_s 300" (i32.const 17)) (i64.const -1046710446))
(assert_trap (invoke "i64.load32_s 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load32_s 300" (i32.const 65232)) (i64.const 0))
(assert_return (invoke "i64.load32_u 4" (i32.const 0)) (i64.const 2220833301))
(assert_return (invoke "i64.load32_u 4" (i32.const 3)) (i64.const 4090407300))
(assert_return (invoke "i64.load32_u 4" (i32.const 17)) (i64.const 4191465354))
(assert_trap (invoke "i64.load32_u 4" (i32.const 65532)) "out of bounds memory access")
(assert_return (invoke "i64.load32_u 4" (i32.const 65528)) (i64.const 0))
(assert_return (invoke "i64.load32_u 300" (i32.const 0)) (i64.const 1277625053))
(assert_return (invoke "i64.load32_u 300" (i32.const 3)) (i64.const 3147198796))
(assert_return (invoke "i64.load32_u 300" (i32.const 17)) (i64.const 3248256850))
(assert_trap (invoke "i64.load32_u 300" (i32.const 65236)) "out of bounds memory access")
(assert_return (invoke "i64.load32_u 300" (i32.const 65232)) (i64.const 0))
(assert_return (invoke "i32.store 300" (i32.const 0) (i32.const 162254319)) (i64.const -2253041776331076113))
(assert_return (invoke "i32.store 300" (i32.const 5) (i32.const 2147483646)) (i64.const -7389194044653436930))
(assert_trap (invoke "i32.store 300" (i32.const 65236) (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "i64.store 300" (i32.const 0) (i64.const 81985529216486895)) (i64.const 81985529216486895))
(assert_return (invoke "i64.store 300" (i32.const 5) (i64.const -2)) (i64.const -2))
(assert_trap (invoke "i64.store 300" (i32.const 65236) (i64.const 0)) "out of bounds memory access")
(assert_return (invoke "f32.store 300" (i32.const 0) (f32.const 0x1.8000000000000p+0)) (i64.const -1755572076544))
(assert_return (invoke "f32.store 300" (i32.const 5) (f32.const -0x0.0p+0)) (i64.const -2147483648))
(assert_trap (invoke "f32.store 300" (i32.const 65236) (f32.const 0x0.0p+0)) "out of bounds memory access")
(assert_return (invoke "f64.store 300" (i32.const 0) (f64.const 0x1.8000000000000p+0)) (i64.const 4609434218613702656))
(assert_return (invoke "f64.store 300" (i32.const 5) (f64.const -0x0.0p+0)) (i64.const -9223372036854775808))
(assert_trap (invoke "f64.store 300" (i32.const 65236) (f64.const 0x0.0p+0)) "out of bounds memory access")
(assert_return (invoke "i32.store8 300" (i32.const 0) (i32.const 162254319)) (i64.const 239))
(assert_return (invoke "i32.store8 300" (i32.const 5) (i32.const 2147483646)) (i64.const -9223372036854775554))
(assert_trap (invoke "i32.store8 300" (i32.const 65236) (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "i32.store16 300" (i32.const 0) (i32.const 162254319)) (i64.const 279275953507823))
(assert_return (invoke "i32.store16 300" (i32.const 5) (i32.const 2147483646)) (i64.const -9223372036854710274))
(assert_trap (invoke "i32.store16 300" (i32.const 65236) (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "i64.store8 300" (i32.const 0) (i64.const 81985529216486895)) (i64.const 72055395014725103))
(assert_return (invoke "i64.store8 300" (i32.const 5) (i64.const -2)) (i64.const -9223372036854710274))
(assert_trap (invoke "i64.store8 300" (i32.const 65236) (i64.const 0)) "out of bounds memory access")
(assert_return (invoke "i64.store16 300" (i32.const 0) (i64.const 81985529216486895)) (i64.const 72055395014725103))
(assert_return (invoke "i64.store16 300" (i32.const 5) (i64.const -2)) (i64.const -9223372036854710274))
(assert_trap (invoke "i64.store16 300" (i32.const 65236) (i64.const 0)) "out of bounds memory access")
(assert_return (invoke "i64.store32 300" (i32.const 0) (i64.const 81985529216486895)) (i64.const 72055397324410351))
(assert_return (invoke "i64.store32 300" (i32.const 5) (i64.const -2)) (i64.const -9223372032559808514))
(assert_trap (invoke "i64.store32 300" (i32.const 65236) (i64.const 0)) "out of bounds memory access")
