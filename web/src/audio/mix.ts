// Which channels are heard: in a call of two channels, one is the agent and one is the caller.

/** All channels, or the number of one. */
export type Mix = "all" | number;

/** At most two channels come out. */
export function mixed(channels: Float32Array<ArrayBuffer>[], mix: Mix): Float32Array<ArrayBuffer>[] {
  if (mix !== "all") return channels.slice(mix, mix + 1);
  if (channels.length <= 2) return channels;
  const sum = new Float32Array(channels[0]?.length ?? 0);
  for (const samples of channels) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (samples[i] ?? 0) / channels.length;
  }
  return [sum];
}
