import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, type ReactNode } from "react";
import { merged, ViewProvider, type News, type Search } from "@/view/address";

/** The view of the page that is shown: what its address carries. */
export function RouterView({ children }: { children: ReactNode }) {
  const search = useSearch({ strict: false }) as Search;
  const go = useNavigate();
  const change = useCallback((news: News) => void go({ to: ".", search: (old) => merged(old as Search, news), replace: true }), [go]);
  return (
    <ViewProvider search={search} change={change}>
      {children}
    </ViewProvider>
  );
}
