/** The kernels that are compiled to WebAssembly: AssemblyScript, TypeScript with machine types. */
export * from './elementwise'
export * from './float32'
export * from './rolling-correlation'
export * from './rolling-extreme'
export * from './rolling-order'
export * from './rolling-regression'
export * from './rolling-sum'
export * from './rolling-variance'
