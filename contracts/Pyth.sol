// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float, FloatMath} from "./Float.sol";
import {IExpression} from "./Parts.sol";

struct Price {
    int64 price;
    uint64 conf;
    int32 expo;
    uint256 publishTime;
}

/// The reading part of Pyth. Anybody may set a price.
contract Pyth {
    mapping(bytes32 => Price) private _prices;
    mapping(bytes32 => Price) private _emas;

    error PriceFeedNotFound();
    error StalePrice();

    function set(bytes32 id, Price calldata price, Price calldata ema) external {
        (_prices[id], _emas[id]) = (price, ema);
    }

    function getPriceUnsafe(bytes32 id) external view returns (Price memory) {
        return _known(_prices[id]);
    }

    function getEmaPriceUnsafe(bytes32 id) external view returns (Price memory) {
        return _known(_emas[id]);
    }

    function getPriceNoOlderThan(bytes32 id, uint256 age) external view returns (Price memory) {
        return _fresh(_known(_prices[id]), age);
    }

    function getEmaPriceNoOlderThan(bytes32 id, uint256 age) external view returns (Price memory) {
        return _fresh(_known(_emas[id]), age);
    }

    function _known(Price memory price) private pure returns (Price memory) {
        if (price.publishTime == 0) revert PriceFeedNotFound();
        return price;
    }

    function _fresh(Price memory price, uint256 age) private view returns (Price memory) {
        uint256 apart = block.timestamp > price.publishTime
            ? block.timestamp - price.publishTime
            : price.publishTime - block.timestamp;
        if (apart > age) revert StalePrice();
        return price;
    }
}

/// How an order is priced: the feeds it reads, each by its selector, and the factor on the price of the first one.
struct Pricing {
    Pyth pyth;
    bytes32[] feeds;
    bytes4[] selectors;
    uint256 ageMax;
    Float outputMax;
    Float factor;
    bool inverse;
}

/// An interpreter whose ratio is a price of Pyth times a factor, or their inverse. It reads all feeds it is told to.
contract PythPriced is IExpression {
    error FeedUnread(bytes32 feed);

    function evaluate(bytes calldata bytecode) external view returns (Float outputMax, Float ratio) {
        Pricing memory pricing = abi.decode(bytecode, (Pricing));
        for (uint256 place = pricing.feeds.length; place > 0; --place) {
            ratio = _read(pricing, place - 1);
        }
        ratio = ratio.mul(pricing.factor);
        if (pricing.inverse) ratio = FloatMath.pack(1, 0).div(ratio);
        return (pricing.outputMax, ratio);
    }

    function _read(Pricing memory pricing, uint256 place) private view returns (Float) {
        bytes4 selector = pricing.selectors[place];
        bool byAge = selector == Pyth.getPriceNoOlderThan.selector || selector == Pyth.getEmaPriceNoOlderThan.selector;
        bytes32 feed = pricing.feeds[place];
        bytes memory asked =
            byAge ? abi.encodeWithSelector(selector, feed, pricing.ageMax) : abi.encodeWithSelector(selector, feed);
        (bool done, bytes memory answer) = address(pricing.pyth).staticcall(asked);
        if (!done) revert FeedUnread(feed);
        Price memory price = abi.decode(answer, (Price));
        return FloatMath.pack(price.price, price.expo);
    }
}
