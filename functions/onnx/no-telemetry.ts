/*
 * onnxruntime reports the machine, the models and the runs to Microsoft, and keeps an identifier on the disk, unless
 * this variable is set before it is loaded: so import this first. Import it in the main thread too, even if only
 * another thread loads onnxruntime: a thread's own environment is a copy, of which native code knows nothing.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
