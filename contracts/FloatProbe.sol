// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float, FloatMath} from "./Float.sol";

/// Opens the arithmetic of Float to a test that compares it with others, many values a call.
contract FloatProbe {
    function addAll(Float[] calldata a, Float[] calldata b) external pure returns (Float[] memory found) {
        found = new Float[](a.length);
        for (uint256 place = 0; place < a.length; ++place) {
            found[place] = a[place].add(b[place]);
        }
    }

    function subAll(Float[] calldata a, Float[] calldata b) external pure returns (Float[] memory found) {
        found = new Float[](a.length);
        for (uint256 place = 0; place < a.length; ++place) {
            found[place] = a[place].sub(b[place]);
        }
    }

    function mulAll(Float[] calldata a, Float[] calldata b) external pure returns (Float[] memory found) {
        found = new Float[](a.length);
        for (uint256 place = 0; place < a.length; ++place) {
            found[place] = a[place].mul(b[place]);
        }
    }

    function divAll(Float[] calldata a, Float[] calldata b) external pure returns (Float[] memory found) {
        found = new Float[](a.length);
        for (uint256 place = 0; place < a.length; ++place) {
            if (!b[place].isZero()) found[place] = a[place].div(b[place]);
        }
    }

    function compareAll(Float[] calldata a, Float[] calldata b) external pure returns (int256[] memory found) {
        found = new int256[](a.length);
        for (uint256 place = 0; place < a.length; ++place) {
            found[place] = a[place].compare(b[place]);
        }
    }

    function packAll(int256[] calldata coefficients, int256[] calldata exponents)
        external
        pure
        returns (Float[] memory found, bool[] memory lossless)
    {
        found = new Float[](exponents.length);
        lossless = new bool[](exponents.length);
        for (uint256 place = 0; place < exponents.length; ++place) {
            (found[place], lossless[place]) = FloatMath.packLossy(coefficients[place], exponents[place]);
        }
    }

    function fromFixedAll(uint256[] calldata amounts, uint8[] calldata decimals)
        external
        pure
        returns (Float[] memory found, bool[] memory lossless)
    {
        found = new Float[](amounts.length);
        lossless = new bool[](amounts.length);
        for (uint256 place = 0; place < amounts.length; ++place) {
            (found[place], lossless[place]) = FloatMath.fromFixed(amounts[place], decimals[place]);
        }
    }

    function toFixedAll(Float[] calldata values, uint8[] calldata decimals)
        external
        pure
        returns (uint256[] memory found, bool[] memory lossless)
    {
        found = new uint256[](values.length);
        lossless = new bool[](values.length);
        for (uint256 place = 0; place < values.length; ++place) {
            (found[place], lossless[place]) = values[place].toFixed(decimals[place]);
        }
    }
}
