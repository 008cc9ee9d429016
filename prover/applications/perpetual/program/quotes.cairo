// The quotes of a market: what every update of a position asks about an asset, gathered once for all of them.

from config import AssetConfig
from margin import MISSING_GLOBAL_FUNDING_INDEX, MISSING_ORACLE_PRICE, SUCCESS
from market import MISSING_INDEX, NO_ASSET, UNKNOWN_ASSET, Market, Quote
from positions import Asset
from starkware.cairo.common.registers import get_fp_and_pc

// The market with its quotes.
func quoted(market: Market*) -> (market: Market*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local no_assets: Asset;
    assert no_assets.row = market.n_rows;
    assert no_assets.next = &no_assets;
    local is_by_balance;
    if (market.config.is_risk_by_balance_only != 0) {
        assert is_by_balance = 1;
    } else {
        assert is_by_balance = 0;
    }
    let (quotes) = write_quotes(
        market.asset_configs, market.indices, market.prices, market.n_rows, is_by_balance
    );
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
            no_assets=cast(&no_assets, felt),
        ),
    );
}

// An asset must have a price and a funding index even where its balance does not change.
func write_quotes(
    asset_configs: AssetConfig**, indices: felt*, prices: felt*, n_rows: felt, is_by_balance: felt
) -> (quotes: Quote*) {
    ap += 2 * Quote.SIZE;
    let unknown = cast(fp, Quote*);
    let none = cast(fp + Quote.SIZE, Quote*);
    unknown.row = UNKNOWN_ASSET;
    unknown.code = MISSING_ORACLE_PRICE;
    none.row = NO_ASSET;
    none.code = SUCCESS;
    none.is_by_balance = is_by_balance;
    none.n_left = n_rows;
    jmp next_row if none.n_left != 0;
    jmp done;

    next_row:
    let last = cast(ap - Quote.SIZE, Quote*);
    let this = cast(ap, Quote*);
    this.row = last.row + 1, ap++;
    this.config_place = asset_configs + this.row, ap++;
    this.config = [this.config_place], ap++;
    this.n_segments = this.config.n_segments, ap++;
    this.n_other_segments = this.n_segments - 1, ap++;
    this.price_place = prices + this.row, ap++;
    this.price = [this.price_place], ap++;
    this.index_place = indices + this.row, ap++;
    this.index = [this.index_place], ap++;
    this.index_and_one = this.index - MISSING_INDEX, ap++;
    this.is_by_balance = last.is_by_balance, ap++;
    this.segments = this.config.segments, ap++;
    jmp segmented if this.n_other_segments != 0;
    this.risk = this.segments.risk, ap++;
    jmp graded;

    segmented:
    ap += 1;

    graded:
    this.n_left = last.n_left - 1, ap++;
    jmp priced if this.price != 0;
    this.code = MISSING_ORACLE_PRICE, ap++;
    jmp next_row if this.n_left != 0;
    jmp done;

    priced:
    jmp indexed if this.index_and_one != 0;
    this.code = MISSING_GLOBAL_FUNDING_INDEX, ap++;
    jmp next_row if this.n_left != 0;
    jmp done;

    indexed:
    this.code = SUCCESS, ap++;
    jmp next_row if this.n_left != 0;

    done:
    let (stack, _) = get_fp_and_pc();
    return (quotes=cast(stack + 2 * Quote.SIZE, Quote*));
}
