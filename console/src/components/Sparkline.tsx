type Props = { places: readonly number[]; says: string; width?: number; height?: number; className?: string };

/** A small line without axes. What it shows is said in words to those who cannot see it. */
export function Sparkline({ places, says, width = 160, height = 32, className = "stroke-accent" }: Props) {
  if (places.length < 2) return null;
  const low = Math.min(...places);
  const span = Math.max(...places) - low || 1;
  const points = places.map((place, index) => `${((index / (places.length - 1)) * (width - 2) + 1).toFixed(1)},${(height - 2 - ((place - low) / span) * (height - 4)).toFixed(1)}`);
  return (
    <svg role="img" aria-label={says} width={width} height={height} viewBox={`0 0 ${width} ${height}`} className="max-w-full">
      <polyline points={points.join(" ")} fill="none" strokeWidth="1.5" strokeLinejoin="round" className={className} />
    </svg>
  );
}
