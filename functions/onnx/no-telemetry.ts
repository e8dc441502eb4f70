/*
 * onnxruntime tells Microsoft of the machine, the models and the runs, and keeps an identifier on the disk, unless this
 * stands in the environment before it is loaded: so this comes before it. In the main thread too, wherever a thread is
 * to load it, for a thread's own environment is a copy, of which native code knows nothing.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
