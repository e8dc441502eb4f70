/** Options of onnxruntime's sessions: the format that was checked (package-files.ts), and no other. */
export const onnxOnly = { load_model_format: 'ONNX' };
