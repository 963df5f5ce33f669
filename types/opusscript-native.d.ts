/** The compiled libopus inside opusscript, without its wrapper: that one keeps views which go stale when the memory grows. */
declare module 'opusscript/build/opusscript_native_wasm.js' {
  /** One encoder with one decoder. Buffers are addresses of 16-bit cells that hold one byte of PCM each. */
  export interface OpusHandler {
    _encode(pcm: number, bytes: number, packet: number, frameSamples: number): number;
    _decode(packet: number, bytes: number, pcm: number): number;
    _encoder_ctl(request: number, value: number): number;
  }
  export interface OpusNative {
    readonly HEAPU8: Uint8Array;
    readonly HEAPU16: Uint16Array;
    _malloc(bytes: number): number;
    readonly OpusScriptHandler: {
      new (samplesPerSecond: number, channels: number, application: number): OpusHandler;
      destroy_handler(handler: OpusHandler): void;
    };
  }
  export default function load(): OpusNative;
}
