/** What the pages to come will show, and the canonical tables that they will be made from. */

interface Plan {
  purpose: string;
  shows: string[];
  tables: string[];
}

export const PLANS: Record<string, Plan> = {
  inventory: {
    purpose: "What is in stock, how long it lasts, and what to order.",
    shows: [
      "Stock on hand, reserved and available, its value, and how many days it lasts",
      "Turnover, sell-through, dead stock and stockouts, by product, category, supplier and location",
      "Demand forecast for each product, with trend, season and events; days out of stock do not count as no demand",
      "What to order, when and how much, for a chosen service level, with the reason in words",
      "Transfers between locations, physical counts, and suppliers by delivery and quality",
    ],
    tables: [
      "inventory_movements",
      "stock_snapshots",
      "purchase_orders",
      "stock_counts",
      "transfers",
      "suppliers",
      "locations",
    ],
  },
  returns: {
    purpose: "What comes back, why, what it costs, and how to prevent it.",
    shows: [
      "Return rate by units, by orders and by value, overall and by product, reason and customer",
      "Damaged stock and returns to suppliers, each with its share",
      "The way of each return through its seven steps, and how long each takes",
      "Cost of returns against margin, and what was recovered",
      "Products that need a better description, size guide, photo or supplier, with the evidence",
    ],
    tables: ["returns", "return_items", "return_events", "exchanges", "refunds", "order_items"],
  },
  ads: {
    purpose: "What advertising costs, what it brings, and where the next money works best.",
    shows: [
      "Spend, clicks, conversions, return on ad spend and cost per order, for ten platforms side by side",
      "Campaigns, keywords, audiences and creatives, with tests of significance and signs of fatigue",
      "Attribution by seven models, with the paths that lead to an order",
      "Budget: pacing, response curves, and where money should move",
    ],
    tables: [
      "ad_campaigns",
      "ad_groups",
      "ads",
      "ad_keywords",
      "ad_performance",
      "search_terms",
      "web_sessions",
      "touch_points",
    ],
  },
  pricing: {
    purpose: "What prices and promotions do to sales and margin, and which price to set.",
    shows: [
      "Selling price, list price, discount depth and margin, by product, category and brand",
      "How demand answers to price, with its interval; where there is too little variation it says so",
      "Competitors' prices: gap, index, and where a product is undercut",
      "Promotions against what would have sold without them",
      "A price recommendation for each product, for five goals, with the expected effect",
    ],
    tables: ["price_changes", "product_costs", "competitor_prices", "promotions", "promotion_products", "bundles"],
  },
  seasons: {
    purpose: "Plan the budget of a season, follow it day by day, and learn from the last one.",
    shows: [
      "A calendar of seasons with budget, revenue target and milestones",
      "A budget builder with templates from past seasons and what-if scenarios",
      "Spend, committed and remaining against plan, with pacing while the season runs",
      "After the season: against plan, last year and the season before",
    ],
    tables: ["seasons", "season_budgets", "season_spend", "season_milestones", "season_forecasts", "season_results"],
  },
  loyalty: {
    purpose: "What members and subscribers are worth, and what the programme's offers bring.",
    shows: [
      "Members by class, active members, spend of a member in a year, and the rate of scanned baskets",
      "Subscriptions: sign-ups, churn, and how subscribers buy against others",
      "Offers: reach, activation, redemption, and sales against a held-out group",
      "Every metric for every fiscal period, with the last period and the last year beside it",
    ],
    tables: [
      "loyalty_members",
      "points",
      "offers",
      "offer_products",
      "offer_events",
      "subscriptions",
      "fiscal_calendar",
    ],
  },
  reports: {
    purpose: "The same numbers on paper: daily, weekly and monthly, by mail or to download.",
    shows: [
      "Daily, weekly and monthly reports for each area, as PDF, Excel and CSV",
      "Own reports from any panel, scheduled and sent by e-mail",
      "Every page here can be printed already, and every panel downloaded as CSV, Excel or Parquet",
    ],
    tables: [],
  },
  alerts: {
    purpose: "Be told when a number leaves its course.",
    shows: [
      "Own rules on any metric of the catalogue, with thresholds or unusual changes",
      "In the page, by e-mail, text message or webhook, with a digest and quiet hours",
      "Acknowledge an alert, and see what became of the number since",
    ],
    tables: [],
  },
};
