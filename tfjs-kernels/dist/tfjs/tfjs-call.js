/** How many numbers a shape holds; 1 of a scalar. */
export function sizeOf(shape) {
    return shape.reduce((product, dim) => product * dim, 1);
}
