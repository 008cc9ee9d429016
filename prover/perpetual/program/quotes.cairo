// The quotes of a market: what every update of a position asks about an asset, gathered once for all of them.

from config import AssetConfig, Segment
from margin import MISSING_GLOBAL_FUNDING_INDEX, MISSING_ORACLE_PRICE, SUCCESS
from market import MISSING_INDEX, MISSING_PRICE, NO_ASSET, UNKNOWN_ASSET, Market, Quote
from positions import Asset
from starkware.cairo.common.alloc import alloc

// The market with its quotes.
func quoted(market: Market*) -> (market: Market*) {
    alloc_locals;
    let (local all: Quote*) = alloc();
    assert all[0].row = UNKNOWN_ASSET;
    assert all[0].code = MISSING_ORACLE_PRICE;
    assert all[1].row = NO_ASSET;
    assert all[1].code = SUCCESS;
    local quotes: Quote* = all + 2 * Quote.SIZE;
    local is_by_balance;
    if (market.config.is_risk_by_balance_only != 0) {
        assert is_by_balance = 1;
    } else {
        assert is_by_balance = 0;
    }
    quote_rows(
        quotes,
        0,
        market.n_rows,
        market.asset_ids,
        market.asset_configs,
        market.indices,
        market.prices,
        is_by_balance,
    );
    tempvar no_assets: Asset* = cast(all + (2 + market.n_rows) * Quote.SIZE, Asset*);
    assert no_assets.row = market.n_rows;
    assert no_assets.next = no_assets;
    return (
        market=new Market(
            config=market.config,
            n_rows=market.n_rows,
            asset_ids=market.asset_ids,
            asset_configs=market.asset_configs,
            system_time=market.system_time,
            funding_timestamp=market.funding_timestamp,
            indices=market.indices,
            prices=market.prices,
            quotes=quotes,
            no_assets=cast(no_assets, felt),
        ),
    );
}

// An asset must have a price and a funding index even where its balance does not change.
func quote_rows(
    quote: Quote*,
    row: felt,
    n_left: felt,
    asset_id: felt*,
    asset_config: AssetConfig**,
    index: felt*,
    price: felt*,
    is_by_balance: felt,
) {
    if (n_left == 0) {
        return ();
    }
    let config = [asset_config];
    assert quote.row = row;
    assert quote.asset_id = [asset_id];
    assert quote.price = [price];
    assert quote.index = [index];
    assert quote.n_other_segments = config.n_segments - 1;
    assert quote.segments = config.segments;
    assert quote.is_by_balance = is_by_balance;
    if (config.n_segments == 1) {
        assert quote.risk = config.segments.risk;
    }
    if ([price] == MISSING_PRICE) {
        assert quote.code = MISSING_ORACLE_PRICE;
    } else {
        if ([index] == MISSING_INDEX) {
            assert quote.code = MISSING_GLOBAL_FUNDING_INDEX;
        } else {
            assert quote.code = SUCCESS;
        }
    }
    return quote_rows(
        quote + Quote.SIZE,
        row + 1,
        n_left - 1,
        asset_id + 1,
        asset_config + 1,
        index + 1,
        price + 1,
        is_by_balance,
    );
}
