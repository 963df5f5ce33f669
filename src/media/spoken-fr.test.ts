import { asHeard, heard, spokenTable } from '../../test/support/spoken-words';

const TABLE = spokenTable(`
0 | zéro
1 | un
2 | deux
7 | sept
10 | dix
11 | onze
16 | seize
17 | dix-sept
19 | dix-neuf
20 | vingt
21 | vingt et un
22 | vingt deux
30 | trente
31 | trente et un
60 | soixante
61 | soixante et un
69 | soixante neuf
70 | soixante dix
71 | soixante et onze
72 | soixante douze
77 | soixante dix-sept
79 | soixante dix-neuf
80 | quatre-vingts
81 | quatre-vingt un
88 | quatre-vingt huit
90 | quatre-vingt dix
91 | quatre-vingt onze
97 | quatre-vingt dix-sept
99 | quatre-vingt dix-neuf
100 | cent
101 | cent un
110 | cent dix
171 | cent soixante et onze
180 | cent quatre-vingts
200 | deux cents
201 | deux cent un
280 | deux cent quatre-vingts
999 | neuf cent quatre-vingt dix-neuf
1000 | mille
1001 | mille un
1100 | mille cent
1234 | mille deux cent trente quatre
2000 | deux mille
21000 | vingt et un mille
80000 | quatre-vingt mille
100000 | cent mille
200000 | deux cent mille
1000000 | un million
1000001 | un million un
2000000 | deux millions
80000000 | quatre-vingts millions
200000000 | deux cents millions
999999999 | neuf cent quatre-vingt dix-neuf millions neuf cent quatre-vingt dix-neuf mille neuf cent quatre-vingt dix-neuf
-7 | moins sept
0 EUR | zéro euro
0.01 EUR | un centime
0.10 EUR | dix centimes
1.00 EUR | un euro
1.01 EUR | un euro et un centime
2.00 EUR | deux euros
2.50 EUR | deux euros et cinquante centimes
11.11 EUR | onze euros et onze centimes
21.21 EUR | vingt et un euros et vingt et un centimes
80.00 EUR | quatre-vingts euros
100.00 EUR | cent euros
200.00 EUR | deux cents euros
1234.56 EUR | mille deux cent trente quatre euros et cinquante six centimes
-5.25 EUR | moins cinq euros et vingt cinq centimes
1000000 EUR | un million d'euros
2000000 USD | deux millions de dollars
1200000 EUR | un million deux cent mille euros
1.01 USD | un dollar et un cent
1.01 GBP | une livre et un penny
21.02 GBP | vingt et une livres et deux pence
71.00 GBP | soixante et onze livres
81.00 GBP | quatre-vingt une livres
1.01 CHF | un franc suisse et un centime
2500 JPY | deux mille cinq cents yens
1.001 KWD | un dinar koweïtien et un fils
2.250 TND | deux dinars tunisiens et deux cent cinquante millimes
12.50 SEK | douze virgule cinq zéro S E K
-0.009999 EUR | zéro euro
1.999999 EUR | un euro et quatre-vingt dix-neuf centimes
2026-01-01 | le premier janvier deux mille vingt six
2026-03-21 | le vingt et un mars deux mille vingt six
2080-12-31 | le trente et un décembre deux mille quatre-vingts
`);

describe('numbers, amounts and dates in French', () => {
  it.each(TABLE)('says %s as "%s"', (what, words) => {
    expect(heard('fr', what)).toBe(asHeard('fr', words));
  });
});
