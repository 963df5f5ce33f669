import { clipSample, type FrameSource, samplesPerFrame } from '../media/audio-frame';

/** Files that may sound over one leg at a time. */
const layersMax = 10;

type Layer = { source: FrameSource; mux: boolean };

/** What `uuid_displace` lets a leg hear over, or instead of, what it hears anyway; that goes on meanwhile. */
export class Displacement {
  private readonly layers = new Map<string, Layer>();
  private readonly frame = new Int16Array(samplesPerFrame);

  get active(): boolean {
    return this.layers.size > 0;
  }

  /** False when this file sounds already, or too many do. */
  start(path: string, source: FrameSource, mux: boolean): boolean {
    if (this.layers.has(path) || this.layers.size >= layersMax) return false;
    this.layers.set(path, { source, mux });
    return true;
  }

  /** Ends one file; false when it does not sound. */
  stop(path: string): boolean {
    return this.layers.delete(path);
  }

  /** Lays all over `frame`, which is silence when nothing else was to be heard. */
  layOver(frame: Int16Array): void {
    for (const [path, { source, mux }] of this.layers) {
      if (!source.read(this.frame)) this.layers.delete(path);
      else if (!mux) frame.set(this.frame);
      else
        for (const [at, sample] of this.frame.entries())
          frame[at] = clipSample((frame[at] as number) + sample);
    }
  }
}
