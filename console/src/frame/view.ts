/** A view that can be kept and sent: what a page shows stands in its address. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Search } from "@/router";

export function useView(): [Search, (news: Record<string, string | null>) => void] {
  const search = useSearch({ strict: false }) as Search;
  const go = useNavigate();
  const change = useCallback(
    (news: Record<string, string | null>) => {
      const merged = Object.entries({ ...search, ...news }).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== "");
      void go({ to: ".", search: Object.fromEntries(merged), replace: true });
    },
    [go, search],
  );
  return [search, change];
}
