;; The product of `dense_sparse` (sparse.c) by one whole panel of 32 columns, whose weights are objects of the engine
;; (WebAssembly's garbage collection) instead of memory: what a reference points at needs no check of bounds. Where
;; nothing guards the memory, as in workerd, those checks are as much work as the products.
;;
;; The same sums in the same order, so the same bits.
(module
  (type $row (struct
    (field v128) (field v128) (field v128) (field v128) (field v128) (field v128) (field v128) (field v128)))
  ;; [depth + 1], the biases at the end.
  (type $panel (array (mut (ref $row))))
  (import "env" "memory" (memory 1))

  (func $load_row (param $at i32) (result (ref $row))
    (struct.new $row
      (v128.load offset=0 align=4 (local.get $at)) (v128.load offset=16 align=4 (local.get $at))
      (v128.load offset=32 align=4 (local.get $at)) (v128.load offset=48 align=4 (local.get $at))
      (v128.load offset=64 align=4 (local.get $at)) (v128.load offset=80 align=4 (local.get $at))
      (v128.load offset=96 align=4 (local.get $at)) (v128.load offset=112 align=4 (local.get $at))))

  ;; weights: a panel as `pack_sparse` packs it, [1 + depth][32]; copied
  (func (export "create_panel") (param $weights i32) (param $depth i32) (result (ref $panel))
    (local $panel (ref $panel)) (local $k i32)
    (local.set $panel
      (array.new $panel (call $load_row (local.get $weights)) (i32.add (local.get $depth) (i32.const 1))))
    (loop $next
      (local.set $weights (i32.add (local.get $weights) (i32.const 128)))
      (array.set $panel (local.get $panel) (local.get $k) (call $load_row (local.get $weights)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $k) (local.get $depth))))
    (local.get $panel))

  ;; x: rows of `depth` numbers, one at least
  ;; places: of `find_nonzero` for these rows, `stride` bytes from one row's to the next
  ;; out: the panel's first column in rows of `columns` numbers
  (func (export "multiply_panel")
    (param $panel (ref $panel)) (param $x i32) (param $places i32) (param $out i32)
    (param $rows i32) (param $depth i32) (param $columns i32) (param $stride i32) (param $low f32) (param $high f32)
    (local $at i32) (local $end i32) (local $place i32) (local $value v128) (local $row (ref $row))
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (local $sum4 v128) (local $sum5 v128) (local $sum6 v128) (local $sum7 v128)
    (local $lowest v128) (local $highest v128)
    (local.set $lowest (f32x4.splat (local.get $low)))
    (local.set $highest (f32x4.splat (local.get $high)))
    (loop $next_row
      ;; How many places there are stands in front of them.
      (local.set $at (i32.add (local.get $places) (i32.const 4)))
      (local.set $end (i32.add (local.get $at) (i32.shl (i32.load (local.get $places)) (i32.const 1))))
      (local.set $row (array.get $panel (local.get $panel) (local.get $depth)))
      (local.set $sum0 (struct.get $row 0 (local.get $row)))
      (local.set $sum1 (struct.get $row 1 (local.get $row)))
      (local.set $sum2 (struct.get $row 2 (local.get $row)))
      (local.set $sum3 (struct.get $row 3 (local.get $row)))
      (local.set $sum4 (struct.get $row 4 (local.get $row)))
      (local.set $sum5 (struct.get $row 5 (local.get $row)))
      (local.set $sum6 (struct.get $row 6 (local.get $row)))
      (local.set $sum7 (struct.get $row 7 (local.get $row)))
      (block $done
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (loop $next_place
          (local.set $place (i32.load16_u (local.get $at)))
          (local.set $value (v128.load32_splat (i32.add (local.get $x) (i32.shl (local.get $place) (i32.const 2)))))
          (local.set $row (array.get $panel (local.get $panel) (local.get $place)))
          (local.set $sum0
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 0 (local.get $row))) (local.get $sum0)))
          (local.set $sum1
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 1 (local.get $row))) (local.get $sum1)))
          (local.set $sum2
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 2 (local.get $row))) (local.get $sum2)))
          (local.set $sum3
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 3 (local.get $row))) (local.get $sum3)))
          (local.set $sum4
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 4 (local.get $row))) (local.get $sum4)))
          (local.set $sum5
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 5 (local.get $row))) (local.get $sum5)))
          (local.set $sum6
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 6 (local.get $row))) (local.get $sum6)))
          (local.set $sum7
            (f32x4.add (f32x4.mul (local.get $value) (struct.get $row 7 (local.get $row))) (local.get $sum7)))
          (local.set $at (i32.add (local.get $at) (i32.const 2)))
          (br_if $next_place (i32.lt_u (local.get $at) (local.get $end)))))
      (v128.store offset=0 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum0) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=16 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum1) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=32 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum2) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=48 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum3) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=64 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum4) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=80 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum5) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=96 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum6) (local.get $lowest)) (local.get $highest)))
      (v128.store offset=112 align=4 (local.get $out)
        (f32x4.pmin (f32x4.pmax (local.get $sum7) (local.get $lowest)) (local.get $highest)))
      (local.set $x (i32.add (local.get $x) (i32.shl (local.get $depth) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (i32.shl (local.get $columns) (i32.const 2))))
      (local.set $places (i32.add (local.get $places) (local.get $stride)))
      (br_if $next_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
