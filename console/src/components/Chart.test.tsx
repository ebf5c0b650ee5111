import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draw } from "@/testing/harness";
import { Chart, TWIN_ROWS_MAX } from "./Chart";

const many = Array.from({ length: TWIN_ROWS_MAX + 5 }, (_, row) => [`${row}`, `${row}.5`]);

it("says what it shows, and shows the newest numbers in the place of the picture", () => {
  draw(
    <Chart testid="line" summary="it went from 1 to 2" twin={{ heads: ["at", "middle"], rows: () => many }}>
      <p>the picture</p>
    </Chart>,
  );
  expect(screen.getByTestId("line-says").textContent).toBe("it went from 1 to 2");
  expect(screen.getByText("the picture")).toBeTruthy();
  fireEvent.click(screen.getByTestId("line-twin"));
  expect(screen.queryByText("the picture")).toBeNull();
  const rows = screen.getByTestId("line-table").querySelectorAll("tbody tr");
  expect([rows.length, rows[0]?.textContent]).toEqual([TWIN_ROWS_MAX, "55.5"]);
});
