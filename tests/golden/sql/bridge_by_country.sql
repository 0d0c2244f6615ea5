SELECT
  *
FROM (
  SELECT
    "t1"."country",
    SUM("t1"."gross_sales") AS "gross_sales",
    SUM("t1"."discounts") AS "discounts",
    SUM("t1"."returned_sales") AS "returned_sales",
    SUM("t1"."taxes") AS "taxes",
    SUM("t1"."shipping_charges") AS "shipping_charges"
  FROM (
    SELECT
      *
    FROM "sales" AS "t0"
    WHERE
      (
        (
          "t0"."gross_sales" <> 0
        )
        OR (
          "t0"."discounts" <> 0
        )
        OR (
          "t0"."returned_sales" <> 0
        )
        OR (
          "t0"."taxes" <> 0
        )
        OR (
          "t0"."shipping_charges" <> 0
        )
      )
      AND "t0"."day" >= MAKE_DATE(2023, 1, 10)
      AND "t0"."day" <= MAKE_DATE(2024, 11, 20)
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  CAST("t2"."gross_sales" AS DOUBLE) * 1 DESC,
  "t2"."country" ASC
