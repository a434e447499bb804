export function sizeOf(shape) {
    return shape.reduce((product, dim) => product * dim, 1);
}
